-- creel.db: every delivery on record. An open format: read it with any SQLite from 3.37 on.
-- application_id 0x6372656c ("crel"), user_version is the schema's number.
--
-- Times are microseconds since 1970 UTC, durations microseconds. Header blocks are bytes: `Name: value CR LF` repeated, in
-- the order received, one blank behind the colon. Text columns hold what senders sent and need not be UTF-8.

CREATE TABLE delivery (
  id             INTEGER PRIMARY KEY,       -- in order of recording
  event_id       BLOB NOT NULL UNIQUE,      -- 16 bytes, UUID version 7, given by the relay
  tunnel         TEXT NOT NULL,
  received_at    INTEGER NOT NULL,          -- by the relay's clock
  method         TEXT NOT NULL,
  target         TEXT NOT NULL,             -- raw request target behind prefix
  path           TEXT NOT NULL,             -- target up to the '?'
  prefix         TEXT NOT NULL,             -- what the relay took off the target's front
  peer           TEXT NOT NULL,             -- sender's address and port
  https          INTEGER NOT NULL,          -- 1: it reached the relay over TLS
  has_body       INTEGER NOT NULL,          -- 1: the sender framed a body, perhaps an empty one
  provider       TEXT NOT NULL,             -- '' unknown
  event_type     TEXT NOT NULL,             -- '' unknown
  signature      TEXT NOT NULL,             -- valid, invalid, none, unknown
  state          INTEGER NOT NULL,          -- 0 waiting 1 sending 2 delivered 3 failed 4 held 5 refused
  status         INTEGER NOT NULL,          -- of the last attempt or the refusal, 0 none
  status_class   INTEGER NOT NULL,          -- 0 none, 1..5 HTTP, 6 no answer, 7 timeout: equality finds a class
  took_us        INTEGER,                   -- last attempt's total
  attempts       INTEGER NOT NULL,
  request_bytes  INTEGER NOT NULL,          -- body as received; the message may hold less (--record-max)
  response_bytes INTEGER NOT NULL,
  origin         INTEGER NOT NULL,          -- 0 live 1 spool 2 replay 3 import 4 trigger
  replay_of      INTEGER                    -- delivery.id
) STRICT;
CREATE INDEX delivery_by_class ON delivery (status_class, id);
CREATE INDEX delivery_by_state ON delivery (state, id);

CREATE TABLE attempt (
  id             INTEGER PRIMARY KEY,
  delivery_id    INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  number         INTEGER NOT NULL,          -- 1, 2, … within the delivery
  started_at     INTEGER NOT NULL,
  result         INTEGER NOT NULL,          -- 0 ok 1 unreachable 2 timeout 3 aborted 4 tls 5 cancelled
  status         INTEGER NOT NULL,          -- 0: no status line came
  url            TEXT NOT NULL,             -- where it was sent
  reason         TEXT NOT NULL,
  error          TEXT NOT NULL,             -- a sentence, '' when ok
  connect_us     INTEGER NOT NULL,
  first_byte_us  INTEGER NOT NULL,
  total_us       INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL,
  UNIQUE (delivery_id, number)
) STRICT;

-- The bytes, apart from the narrow tables that lists walk. attempt_id 0: the request; else that attempt's answer.
CREATE TABLE message (
  delivery_id INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  attempt_id  INTEGER NOT NULL,
  headers     BLOB NOT NULL,
  trailers    BLOB NOT NULL,
  body        BLOB NOT NULL,
  PRIMARY KEY (delivery_id, attempt_id)
) STRICT;

-- One row a running client, for `creel status`.
CREATE TABLE client (
  pid              INTEGER PRIMARY KEY,
  started_at       INTEGER NOT NULL,
  confirmed_at     INTEGER NOT NULL,        -- when the relay last confirmed the tunnel
  ping_interval_ms INTEGER NOT NULL,
  state            TEXT NOT NULL,           -- online, connecting, offline
  detail           TEXT NOT NULL,
  relay            TEXT NOT NULL,
  url              TEXT NOT NULL,
  tunnel           TEXT NOT NULL,
  target           TEXT NOT NULL
) STRICT;
