//! Answers that are too large, and encodings that are left alone.

use super::{BROKEN, Deed, Part, Scene, VERIFIED, answer};

const MEBIBYTE: usize = 1024 * 1024;

/// A verdict, padded with white space to a length.
fn padded(length: usize) -> String {
    format!("{VERIFIED}{}", " ".repeat(length - VERIFIED.len()))
}

fn chunked(body: &str) -> String {
    let chunks: String = body
        .as_bytes()
        .chunks(100_000)
        .map(|chunk| {
            format!(
                "{:x}\r\n{}\r\n",
                chunk.len(),
                String::from_utf8_lossy(chunk)
            )
        })
        .collect();
    format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")
}

#[tokio::test]
async fn an_answer_of_one_mebibyte_is_taken() {
    let body = padded(MEBIBYTE);
    for said in [answer("200 OK", "", &body), chunked(&body)] {
        Scene::new()
            .await
            .takes(Deed::says(said), body.as_bytes())
            .await;
    }
}

#[tokio::test]
async fn an_answer_of_one_byte_more_is_not() {
    let body = padded(MEBIBYTE + 1);
    for said in [answer("200 OK", "", &body), chunked(&body)] {
        Scene::new().await.suffers(Deed::says(said), BROKEN).await;
    }
}

#[tokio::test]
async fn a_flood_is_cut_off_soon_after_the_bound() {
    let flood = 100 * MEBIBYTE;
    let heads = [
        format!("content-length: {flood}\r\n\r\n"),
        format!("transfer-encoding: chunked\r\n\r\n{flood:x}\r\n"),
    ];
    for head in heads {
        let scene = Scene::new().await;
        let head = format!("HTTP/1.1 200 OK\r\n{head}").into_bytes();
        scene
            .suffers(
                Deed::Answer(vec![Part::Bytes(head), Part::Flood(flood)]),
                BROKEN,
            )
            .await;
        // What was taken, and what the system's buffers hold.
        let flooded = scene.hostile.flooded();
        assert!(flooded < 16 * MEBIBYTE, "{flooded} bytes");
    }
}

#[tokio::test]
async fn a_flood_of_headers_is_no_answer() {
    let many: String = (0..200)
        .map(|number| format!("x-{number}: a\r\n"))
        .collect();
    let large = format!("x: {}\r\n", "a".repeat(MEBIBYTE));
    for headers in [many, large] {
        let deed = Deed::says(answer("200 OK", &headers, VERIFIED));
        Scene::new().await.suffers(deed, BROKEN).await;
    }
}

#[tokio::test]
async fn an_encoded_answer_is_not_decoded() {
    let scene = Scene::new().await;
    let packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0x56, 0x2a, 0x4b];
    let mut said = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    )
    .into_bytes();
    said.extend_from_slice(&packed);

    let reply = scene.meets(Deed::says(said)).await;

    assert_eq!(reply.code().as_deref(), Some("backend_unclassified"));
    assert_eq!(scene.service.state(&scene.handle).await, "error");
    scene.keeps(&packed).await;
    let head = scene.hostile.heads().pop().expect("a call");
    assert!(!head.to_ascii_lowercase().contains("gzip"), "{head}");
}

#[tokio::test]
async fn what_is_json_is_read_whatever_its_headers_say() {
    for header in [
        "content-encoding: gzip\r\n",
        "content-type: image/png\r\n",
        "",
    ] {
        let deed = Deed::says(answer("200 OK", header, VERIFIED));
        Scene::new().await.takes(deed, VERIFIED.as_bytes()).await;
    }
}
