-- Ids are UUIDs as text, times are milliseconds since 1970, sizes are bytes.
CREATE TABLE site (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    claimed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE projects (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL, -- PHC string
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    secret TEXT NOT NULL UNIQUE, -- SHA-256 of the cookie, hex
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user_id, id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE images (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    format TEXT,
    size INTEGER,
    virtual_size INTEGER,
    sha256 TEXT,
    error TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (project_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE instances (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    image_id TEXT REFERENCES images (id),
    volume_id TEXT NOT NULL,
    vcpus INTEGER NOT NULL,
    memory INTEGER NOT NULL,
    disk INTEGER NOT NULL,
    firmware TEXT NOT NULL,
    made INTEGER NOT NULL DEFAULT 0, -- 1 once volume and definition exist
    desired TEXT NOT NULL,
    observed TEXT NOT NULL,          -- what the hypervisor said last
    observed_boot TEXT,              -- the host's boot in which it was last seen running
    error TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (project_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX instances_of_image ON instances (image_id);

CREATE TABLE operations (
    id TEXT PRIMARY KEY, -- UUIDv7: sorts by time
    project_id TEXT NOT NULL REFERENCES projects (id),
    kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    parameters TEXT NOT NULL, -- JSON
    steps TEXT NOT NULL,      -- JSON array of the steps' names
    done INTEGER NOT NULL DEFAULT 0,     -- steps done
    progress INTEGER NOT NULL DEFAULT 0, -- percent of the step under way
    status TEXT NOT NULL,
    undoing INTEGER NOT NULL DEFAULT 0,  -- 1 while what a failed step left is taken back
    error TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX operations_of_project ON operations (project_id, id);
CREATE INDEX operations_of_subject ON operations (subject_id, id);
-- Work on one subject is done one after the other; the schema sees to it.
CREATE UNIQUE INDEX operations_under_way ON operations (subject_id) WHERE status = 'running';
