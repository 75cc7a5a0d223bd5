-- What is compared or ordered is compared byte by byte, as the program does.

-- A head is replaced many times; free room on its page lets a replacement that changes nothing
-- that is indexed (a claim within a state) leave every index alone.
CREATE TABLE flows (
    handle      text COLLATE "C" PRIMARY KEY,
    version     bigint  NOT NULL,
    schema      smallint NOT NULL,
    head        text    NOT NULL,
    seal        bytea   NOT NULL,
    claim       text COLLATE "C",
    due         bigint  NOT NULL,
    protocol    text COLLATE "C" NOT NULL,
    state       text COLLATE "C" NOT NULL,
    terminal    boolean NOT NULL,
    issued      bigint  NOT NULL,
    correlation text COLLATE "C" NOT NULL,
    flow_id     bytea,
    verify_run  bytea,
    start_key   text COLLATE "C",
    bytes       bigint  NOT NULL
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX flows_start_key ON flows (start_key) WHERE start_key IS NOT NULL;
CREATE INDEX flows_due ON flows (due, handle);
CREATE INDEX flows_issued ON flows (issued, handle);
CREATE INDEX flows_state ON flows (state, issued, handle);
CREATE INDEX flows_protocol ON flows (protocol, state, issued, handle);
CREATE INDEX flows_correlation ON flows (correlation, issued, handle);
CREATE INDEX flows_flow_id ON flows (flow_id, issued, handle) WHERE flow_id IS NOT NULL;
CREATE INDEX flows_verify_run ON flows (verify_run, issued, handle) WHERE verify_run IS NOT NULL;

CREATE TABLE answers (
    handle  text COLLATE "C" NOT NULL,
    attempt text COLLATE "C" NOT NULL,
    schema  smallint NOT NULL,
    meta    text   NOT NULL,
    seal    bytea  NOT NULL,
    body    bytea  NOT NULL,
    bytes   bigint NOT NULL,
    PRIMARY KEY (handle, attempt)
);

-- Bodies are mostly small or compressed already: the time for compressing them is better saved.
ALTER TABLE answers ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE definitions (
    digest text COLLATE "C" PRIMARY KEY,
    text   text NOT NULL
);

-- The latest instant that was shown: one row.
CREATE TABLE clock (
    one   boolean PRIMARY KEY CHECK (one),
    shown bigint NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE tally (
    protocol text COLLATE "C" NOT NULL,
    state    text COLLATE "C" NOT NULL,
    flows    bigint NOT NULL,
    terminal bigint NOT NULL,
    bytes    bigint NOT NULL,
    PRIMARY KEY (protocol, state)
) WITH (fillfactor = 50);

-- What has changed since it was last added to the tally: rows come and go, none is changed.
CREATE TABLE tally_deltas (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    protocol text COLLATE "C" NOT NULL,
    state    text COLLATE "C" NOT NULL,
    flows    bigint NOT NULL,
    terminal bigint NOT NULL,
    bytes    bigint NOT NULL
);
