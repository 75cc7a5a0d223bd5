-- Flows, what is kept beside them, and counts that triggers keep in the same transaction.

-- Single numbers: `shown_ms`, the latest instant of the store's clock that was written down, and
-- `answer_bytes`, what the census counts of all answers.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('answer_bytes', 0);

CREATE TABLE definitions (
    id     INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    text   TEXT NOT NULL
) STRICT;

-- The facts come first and the long text last, so that filters do not read it.
CREATE TABLE flows (
    id             INTEGER PRIMARY KEY,
    handle         TEXT NOT NULL UNIQUE,
    due_ms         INTEGER NOT NULL,
    protocol       TEXT NOT NULL,
    state          TEXT NOT NULL,
    terminal       INTEGER NOT NULL,
    issued_ms      INTEGER NOT NULL,
    correlation_id TEXT NOT NULL,
    flow_id        BLOB,
    verify_run_id  BLOB,
    start_key      TEXT,
    version        INTEGER NOT NULL,
    claim          TEXT,
    schema         INTEGER NOT NULL,
    seal           BLOB NOT NULL,
    head           TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX flows_by_start_key ON flows (start_key) WHERE start_key IS NOT NULL;
CREATE INDEX flows_by_due ON flows (due_ms, handle);
CREATE INDEX flows_by_issue ON flows (issued_ms, handle);
CREATE INDEX flows_by_place ON flows (protocol, state, issued_ms, handle);
CREATE INDEX flows_by_state ON flows (state, issued_ms, handle);
CREATE INDEX flows_by_protocol ON flows (protocol, issued_ms, handle);
CREATE INDEX flows_by_correlation ON flows (correlation_id, issued_ms, handle);
CREATE INDEX flows_by_flow_id ON flows (flow_id, issued_ms, handle) WHERE flow_id IS NOT NULL;
CREATE INDEX flows_by_verify_run ON flows (verify_run_id, issued_ms, handle)
    WHERE verify_run_id IS NOT NULL;

CREATE TABLE answers (
    id      INTEGER PRIMARY KEY,
    handle  TEXT NOT NULL,
    attempt TEXT NOT NULL,
    bytes   INTEGER NOT NULL,
    schema  INTEGER NOT NULL,
    seal    BLOB NOT NULL,
    record  TEXT NOT NULL,
    body    BLOB NOT NULL,
    UNIQUE (handle, attempt)
) STRICT;

CREATE TABLE tallies (
    protocol TEXT NOT NULL,
    state    TEXT NOT NULL,
    flows    INTEGER NOT NULL,
    terminal INTEGER NOT NULL,
    PRIMARY KEY (protocol, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER flow_stored AFTER INSERT ON flows BEGIN
    INSERT INTO tallies (protocol, state, flows, terminal)
    VALUES (new.protocol, new.state, 1, new.terminal)
    ON CONFLICT (protocol, state) DO UPDATE
    SET flows = flows + 1, terminal = terminal + excluded.terminal;
END;

CREATE TRIGGER flow_moved AFTER UPDATE OF protocol, state, terminal ON flows BEGIN
    UPDATE tallies SET flows = flows - 1, terminal = terminal - old.terminal
    WHERE protocol = old.protocol AND state = old.state;
    INSERT INTO tallies (protocol, state, flows, terminal)
    VALUES (new.protocol, new.state, 1, new.terminal)
    ON CONFLICT (protocol, state) DO UPDATE
    SET flows = flows + 1, terminal = terminal + excluded.terminal;
END;

CREATE TRIGGER flow_removed AFTER DELETE ON flows BEGIN
    UPDATE tallies SET flows = flows - 1, terminal = terminal - old.terminal
    WHERE protocol = old.protocol AND state = old.state;
    DELETE FROM answers WHERE handle = old.handle;
END;

CREATE TRIGGER answer_stored AFTER INSERT ON answers BEGIN
    UPDATE meta SET value = value + new.bytes WHERE name = 'answer_bytes';
END;

CREATE TRIGGER answer_removed AFTER DELETE ON answers BEGIN
    UPDATE meta SET value = value - old.bytes WHERE name = 'answer_bytes';
END;
