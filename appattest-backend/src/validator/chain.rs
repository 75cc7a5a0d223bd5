//! The certificate chain: leaf, intermediate, trust anchor (RFC 5280 path validation).

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use webpki::{
    EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter,
    aws_lc_rs::{ECDSA_P384_SHA256, ECDSA_P384_SHA384},
};

use crate::{decoder::encode_base64, reason::Reason};

/// Apple's App Attestation Root CA, as Apple publishes it.
const APPLE_ROOT: &[u8] = include_bytes!("../../trust/Apple_App_Attestation_Root_CA.pem");

/// Apple signs leaves with a P-384 key over SHA-256 and intermediates over SHA-384; nothing else
/// is accepted.
const ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 2] = [ECDSA_P384_SHA256, ECDSA_P384_SHA384];

/// The root that chains must lead to. Its own dates are not checked: it is trusted because it is
/// configured (RFC 5280, section 6.1.1).
#[derive(Clone, Debug)]
pub struct TrustRoot {
    anchor: TrustAnchor<'static>,
    fingerprint: String,
    name: &'static str,
}

/// A file that is no trust anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TrustAnchorError {
    /// Not PEM text with the label `CERTIFICATE`.
    #[error("expected one PEM block labelled CERTIFICATE")]
    Pem,
    /// The block holds no X.509 certificate.
    #[error("the PEM block holds no X.509 certificate")]
    Certificate,
}

impl TrustRoot {
    /// The root compiled into this program.
    ///
    /// # Errors
    ///
    /// None in practice: the tests load it.
    pub fn apple() -> Result<Self, TrustAnchorError> {
        Self::from_pem(APPLE_ROOT, "apple")
    }

    /// A test root from one PEM certificate.
    ///
    /// # Errors
    ///
    /// [`TrustAnchorError`], for what is not one.
    pub fn test(pem: &[u8]) -> Result<Self, TrustAnchorError> {
        Self::from_pem(pem, "test")
    }

    fn from_pem(pem: &[u8], name: &'static str) -> Result<Self, TrustAnchorError> {
        let (label, der) = pem_rfc7468::decode_vec(pem).map_err(|_| TrustAnchorError::Pem)?;
        if label != "CERTIFICATE" {
            return Err(TrustAnchorError::Pem);
        }
        let certificate = CertificateDer::from(der);
        let anchor = webpki::anchor_from_trusted_cert(&certificate)
            .map_err(|_| TrustAnchorError::Certificate)?
            .to_owned();
        Ok(Self {
            anchor,
            fingerprint: encode_base64(&Sha256::digest(&certificate)),
            name,
        })
    }

    /// `apple` or `test`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// SHA-256 of the root's DER form, base64.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Checks signatures, dates at `at`, basic constraints and path lengths from leaf to root.
    pub(super) fn check(
        &self,
        leaf: &[u8],
        intermediate: &[u8],
        at: Timestamp,
    ) -> Result<(), Reason> {
        let leaf = CertificateDer::from(leaf);
        let intermediates = [CertificateDer::from(intermediate)];
        EndEntityCert::try_from(&leaf)
            .and_then(|leaf| {
                leaf.verify_for_usage(
                    &ALGORITHMS,
                    std::slice::from_ref(&self.anchor),
                    &intermediates,
                    unix_time(at),
                    AnyUsage,
                    None,
                    None,
                )
                .map(drop)
            })
            .map_err(|error| reason(&error))
    }
}

/// Leaves of 2024 name no extended key usage, leaves of 2026 name one of Apple's: it tells nothing.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}

fn unix_time(at: Timestamp) -> UnixTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}

fn reason(error: &Error) -> Reason {
    match error {
        Error::CertExpired { .. } => Reason::CertificateExpired,
        Error::CertNotValidYet { .. } => Reason::CertificateNotYetValid,
        Error::EndEntityUsedAsCa
        | Error::CaUsedAsEndEntity
        | Error::PathLenConstraintViolated
        | Error::NameConstraintViolation => Reason::CertificateConstraint,
        Error::InvalidSignatureForPublicKey => Reason::CertificateSignature,
        Error::UnsupportedCriticalExtension => Reason::CertificateCritical,
        Error::BadDer
        | Error::BadDerTime
        | Error::TrailingData(_)
        | Error::ExtensionValueInvalid
        | Error::MalformedExtensions
        | Error::InvalidCertValidity
        | Error::InvalidSerialNumber
        | Error::UnsupportedCertVersion
        | Error::SignatureAlgorithmMismatch => Reason::CertificateMalformed,
        // The list is open; whatever else is wrong with a path, it does not lead to the root.
        _ => Reason::ChainUntrusted,
    }
}
