-- creel.db: every delivery on record. An open format: read it with any SQLite from 3.37 on.
-- application_id 0x6372656c ("crel"), user_version is the schema's number.
--
-- Times are microseconds since 1970 UTC, durations microseconds. Header blocks are bytes: `Name: value CR LF` repeated, in
-- the order received, with the blanks that came (before this was so, in creel 0.1.0, one behind each colon). Text columns hold
-- what senders sent and need not be UTF-8.

CREATE TABLE delivery (
  id             INTEGER PRIMARY KEY,       -- in order of recording
  event_id       BLOB NOT NULL UNIQUE,      -- 16 bytes: a UUID, version 7 where creel made it; no version is checked
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
-- Finds by outcome: class 0 is also what is not finished, 4 to 7 what failed.
CREATE INDEX delivery_by_class ON delivery (status_class, id);

CREATE TABLE attempt (
  delivery_id    INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  number         INTEGER NOT NULL CHECK (number BETWEEN 1 AND 4095), -- 1, 2, … within the delivery
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
  PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- The bytes, apart from the narrow tables that lists walk.
CREATE TABLE message (
  id       INTEGER PRIMARY KEY,             -- delivery.id * 4096 for the request, + attempt.number for that one's answer
  headers  BLOB NOT NULL,
  trailers BLOB NOT NULL,
  body     BLOB NOT NULL
) STRICT;
CREATE TRIGGER delivery_takes_its_messages AFTER DELETE ON delivery BEGIN
  DELETE FROM message WHERE id BETWEEN old.id * 4096 AND old.id * 4096 + 4095;
END;

-- Replays asked of a running client by another program.
CREATE TABLE job (
  id          INTEGER PRIMARY KEY,          -- in order of asking
  delivery_id INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  asked_at    INTEGER NOT NULL,
  state       INTEGER NOT NULL,             -- 0 asked 1 taken 2 done 3 failed
  pid         INTEGER,                      -- the client that took it
  url         TEXT NOT NULL,                -- where to, '' that client's own target
  replay_id   INTEGER                       -- delivery.id of what is sent, on record before it is asked for
) STRICT;
CREATE INDEX job_by_state ON job (state, id);
CREATE INDEX job_by_delivery ON job (delivery_id);

CREATE TABLE tag (
  delivery_id INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  name        TEXT NOT NULL,
  PRIMARY KEY (delivery_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_by_name ON tag (name, delivery_id);

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

-- Schema 2: an index of words. A running client fills it when it has nothing else to do; what came since is not in it.
-- The texts, of the request, in lower case by Unicode (since schema 10): about: `id event-id event_type target`, the event id as
-- 8-4-4-4-12 hexadecimal digits; headers; body: the first 64 KiB of what it says, as its content coding and charset have it,
-- with a form's fields and JSON's escapes also as what they mean; nothing if there is a NUL in them. No copy of the texts is kept and words alone
-- are found, not phrases: what is found is to be looked at again. creel takes a text out before it deletes the
-- delivery. What another program leaves behind does no harm; this begins anew:
--   INSERT INTO search (search) VALUES ('delete-all'); UPDATE search_mark SET indexed = 0;
CREATE TABLE search_mark (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  indexed INTEGER NOT NULL                  -- every delivery up to this id is in search
) STRICT;
INSERT INTO search_mark VALUES (1, 0);
CREATE VIRTUAL TABLE search USING fts5 (    -- rowid: delivery.id
  about, headers, body, content='', columnsize=0, detail=column, tokenize='ascii'
);
-- An id comes again when the newest delivery is deleted.
CREATE TRIGGER search_mark_stays_within AFTER DELETE ON delivery BEGIN
  UPDATE search_mark SET indexed = (SELECT coalesce(max(id), 0) FROM delivery)
    WHERE indexed > (SELECT coalesce(max(id), 0) FROM delivery);
END;

-- Schema 3: replays of a delivery; live deliveries have no entry. What the last ping of a client's tunnel took.
CREATE INDEX delivery_by_original ON delivery (replay_of, id) WHERE replay_of IS NOT NULL;
ALTER TABLE client ADD COLUMN lag_us INTEGER NOT NULL DEFAULT 0;

-- Schema 4: when a delivery was whole at the client, by the client's clock. NULL: it came another way, or before this.
ALTER TABLE delivery ADD COLUMN reached_at INTEGER;

-- Schema 5: when the client had given the whole answer to the tunnel, for the sender that waited for it, by the client's
-- clock. NULL: nobody waited, it was not given whole, or the attempt is older than this column.
ALTER TABLE attempt ADD COLUMN answered_at INTEGER;

-- Schema 6: why not all of an answer's body is on record. 0: it all is, or --record-max was less; 1: its sender had gone, and
-- the app's answer was not read to its end (--record-max-abandoned); 2: there was no room for more (--max-size); 3: it gave way
-- to what came later (--max-size). And how many bytes of a long body are there: NULL for those that have no pages of their
-- own.
ALTER TABLE attempt ADD COLUMN cut INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN kept INTEGER;
UPDATE attempt SET kept = (SELECT length(body) FROM message m WHERE m.id = delivery_id * 4096 + number)
  WHERE response_bytes > 4096 AND (SELECT length(body) FROM message m WHERE m.id = delivery_id * 4096 + number) > 4096;
-- The long ones alone: what they take together, and which is the oldest.
CREATE INDEX attempt_by_kept ON attempt (delivery_id, number, kept) WHERE kept IS NOT NULL;

-- Schema 7: 1: the X-Forwarded-For, -Proto and -Host among the headers are those of a proxy that the relay trusts, and pass to
-- the app as they are. 0: they are the sender's own, who may say anything, or the delivery is older than this column.
ALTER TABLE delivery ADD COLUMN forwarded INTEGER NOT NULL DEFAULT 0;

-- Schema 8: 1: it was exported without its secrets (--redact) and imported here, so that its signature cannot be checked.
ALTER TABLE delivery ADD COLUMN redacted INTEGER NOT NULL DEFAULT 0;
-- What was said of replays and imports before: of the original's bytes, and of a file's word.
UPDATE delivery SET signature = 'unknown' WHERE origin IN (2, 3) AND signature IN ('valid', 'invalid');
-- Whose secrets the client knows: providers' names with blanks between them. No secret ever stands in this file, but where
-- a provider sends it as a header field.
ALTER TABLE client ADD COLUMN secrets TEXT NOT NULL DEFAULT '';
-- Requests that a running client is asked to sign or to judge, since it knows the secret. Who asked deletes them.
CREATE TABLE signing (
  id       INTEGER PRIMARY KEY,
  asked_at INTEGER NOT NULL,
  pid      INTEGER NOT NULL,                -- the client that is asked
  wish     INTEGER NOT NULL,                -- 0 to sign 1 to judge
  state    INTEGER NOT NULL,                -- 0 asked 1 done 2 failed
  provider TEXT NOT NULL,                   -- whose signature, '' as recognised
  method   TEXT NOT NULL,
  url      TEXT NOT NULL,                   -- as the sender calls it, for those who sign it
  headers  BLOB NOT NULL,                   -- as asked; done: the fields to be set in the place of those of their names
  body     BLOB NOT NULL,                   -- as asked; done: what is to be sent in its place, empty: it stays
  verdict  TEXT NOT NULL,                   -- done: valid, invalid, none, unknown
  error    TEXT NOT NULL                    -- failed: a sentence
) STRICT;
CREATE INDEX signing_by_client ON signing (pid, state, id);

-- Schema 9: of an answer, its first bytes as they came (64 KiB at most) where the other columns do not say it all. With the
-- attempt's status 0 it could not be used, and this is all there is of it: no HTTP, a malformed head, or one that broke off.
-- Else it is the head whose fields creel had to put right (folded lines, a blank before a colon): headers has what was passed
-- on. NULL: there is nothing to add.
ALTER TABLE message ADD COLUMN raw BLOB;

-- Schema 10: the search index has what bodies say, and folds case by Unicode. It begins anew.
INSERT INTO search (search) VALUES ('delete-all');
UPDATE search_mark SET indexed = 0;

-- Schema 11: where a client sends deliveries besides its target: the texts of its --route, with a line feed after each.
ALTER TABLE client ADD COLUMN routes TEXT NOT NULL DEFAULT '';

-- Schema 12: what clients have on record that is not in the tables yet (store/journal.md): a row a running or killed client.
CREATE TABLE journal (
  name    TEXT PRIMARY KEY,                 -- part of its files' names
  pid     INTEGER NOT NULL,                 -- the client
  applied INTEGER NOT NULL                  -- every record up to this sequence is in the tables
) STRICT, WITHOUT ROWID;

-- Schema 13: an attempt is found by its delivery's id and its number in one, as a message is. Of one delivery:
--   WHERE id BETWEEN delivery.id * 4096 + 1 AND delivery.id * 4096 + 4095
-- A short answer, of 4096 bytes at most with its head, stands in its attempt's row: headers, trailers, body and raw (schema 9).
-- headers is NULL, and so are the others, where the answer has a row of its own in message: a longer one, or one older than this.
CREATE TABLE attempt_by_id (
  id             INTEGER PRIMARY KEY CHECK (id % 4096 > 0), -- delivery.id * 4096 + number
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
  answered_at    INTEGER,                   -- schema 5
  cut            INTEGER NOT NULL,          -- schema 6
  kept           INTEGER,                   -- schema 6
  headers        BLOB,
  trailers       BLOB,
  body           BLOB,
  raw            BLOB,
  delivery_id    INTEGER AS (id / 4096),    -- not stored, and so at the end: sqlite3_blob_open (of 3.40 at least)
  number         INTEGER AS (id % 4096)     -- mistakes a column that follows such a one. 1, 2, … within the delivery
) STRICT;
INSERT INTO attempt_by_id SELECT delivery_id * 4096 + number, started_at, result, status, url, reason, error, connect_us,
  first_byte_us, total_us, response_bytes, answered_at, cut, kept, NULL, NULL, NULL, NULL FROM attempt ORDER BY delivery_id, number;
DROP TABLE attempt;
ALTER TABLE attempt_by_id RENAME TO attempt;
CREATE INDEX attempt_by_kept ON attempt (id, kept) WHERE kept IS NOT NULL;
DROP TRIGGER delivery_takes_its_messages;
CREATE TRIGGER delivery_takes_its_messages AFTER DELETE ON delivery BEGIN
  DELETE FROM attempt WHERE id BETWEEN old.id * 4096 AND old.id * 4096 + 4095;
  DELETE FROM message WHERE id BETWEEN old.id * 4096 AND old.id * 4096 + 4095;
END;
-- Most deliveries are of class 2, and are not looked for by their class.
DROP INDEX delivery_by_class;
CREATE INDEX delivery_by_class ON delivery (status_class, id) WHERE status_class <> 2;

-- Schema 14: what statistics need of 4096 deliveries at a time (id / 4096 = block), so that they need not read the rows
-- (shared/stats/figure_block.c has the format). A running client makes the blocks when it has nothing else to do, of
-- deliveries that are over; a change to one of them drops its block. All of it may be deleted at any time.
CREATE TABLE figures (
  block    INTEGER PRIMARY KEY,
  earliest INTEGER NOT NULL,                -- seconds since 1970: received_at of the first and the last of them
  latest   INTEGER NOT NULL,
  columns  BLOB NOT NULL
) STRICT;
CREATE TRIGGER figures_follow_update AFTER UPDATE ON delivery WHEN old.state NOT IN (0, 1) BEGIN
  DELETE FROM figures WHERE block = old.id / 4096;
END;
CREATE TRIGGER figures_follow_delete AFTER DELETE ON delivery BEGIN
  DELETE FROM figures WHERE block = old.id / 4096;
END;

-- Schema 15: what the user wrote about a delivery (creel ui: a). UTF-8, of one line, never empty.
CREATE TABLE note (
  delivery_id INTEGER PRIMARY KEY REFERENCES delivery (id) ON DELETE CASCADE,
  text        TEXT NOT NULL
) STRICT;

-- Schema 16: a large body (more than 1 MiB) that a running client takes lies in a file of its own. That file is what the
-- client wrote the body into while it came, so the body is written once: the file and its name are synced, then a row
-- here names it, and that row is committed before the app is called or the relay is told. message.body is empty then.
-- The files are in a folder beside the database, named like it with ".bodies" behind (creel.db.bodies, mode 0700; files
-- 0600). Whoever copies the database copies that folder, too, after it. Bodies that are imported, replayed or triggered
-- by other programs, those recorded by an earlier creel, and those for which --max-size leaves no room beside the
-- database (whose file never shrinks) stand in message.body as before.
CREATE TABLE body_file (
  id     INTEGER PRIMARY KEY,               -- message.id
  name   TEXT NOT NULL UNIQUE,              -- of the file: 32 hexadecimal digits, random
  length INTEGER NOT NULL                   -- the body is the file's first bytes, so many
) STRICT;
-- Files whose rows were deleted. They are deleted once that is on the disk, by whoever did so or opens the database next;
-- then they are taken out of here. A file that neither table names belongs to a client that is filling it, and is locked
-- (flock) by that; one that is not locked was left by a client that was killed, and the next program that opens the
-- database for writing deletes it.
CREATE TABLE body_file_gone (
  name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TRIGGER body_file_goes AFTER DELETE ON body_file BEGIN
  INSERT OR IGNORE INTO body_file_gone VALUES (old.name);
END;
DROP TRIGGER delivery_takes_its_messages;
CREATE TRIGGER delivery_takes_its_messages AFTER DELETE ON delivery BEGIN
  DELETE FROM body_file WHERE id BETWEEN old.id * 4096 AND old.id * 4096 + 4095;
  DELETE FROM attempt WHERE id BETWEEN old.id * 4096 AND old.id * 4096 + 4095;
  DELETE FROM message WHERE id BETWEEN old.id * 4096 AND old.id * 4096 + 4095;
END;

-- Schema 17: an index of words in the place of schema 2's, which cost more than all else that is done for a delivery.
-- A running client fills it; deliveries beyond search_mark.indexed are not in it yet. It says where a word may stand: what
-- is found is to be looked at again. The texts are schema 2's and 10's; a word is a run of letters A to Z, digits and
-- bytes above 127, in lower case, of which the first 32 bytes count. All of it may be deleted at any time:
--   DELETE FROM search_block; UPDATE search_mark SET indexed = 0;
DROP TRIGGER search_mark_stays_within;
DROP TABLE search;
UPDATE search_mark SET indexed = 0;
CREATE TABLE search_block (                 -- up to 4096 deliveries that follow each other; blocks do not overlap
  first INTEGER PRIMARY KEY,                -- delivery.id
  last  INTEGER NOT NULL,
  size  INTEGER NOT NULL,                   -- the memory it took to make: small ones are made anew as one
  gone  INTEGER NOT NULL                    -- how many of them were deleted: it is made anew when there is time
) STRICT;
CREATE INDEX search_block_by_gone ON search_block (gone, first, last) WHERE gone > 0;
-- A block's words in the order of their bytes, some on each row. Each begins with a letter for its part: a about
-- (`id event-id event_type target`), h headers, b body. `words` is, for each:
--   u8 bytes that are the same as in the word before | u8 bytes that follow | these | number length | places
-- and places, where the word stands, are one after the other, without what lies between:
--   number 2 * ids passed over since the last one's end (of the first: since `first`), + 1 if more ids follow without a gap
--   number, only then: how many more, less 1
-- A number has 7 bits a byte, the lowest first, and the highest bit set in all its bytes but the last. Behind the words:
--   the next row's first word | u8 its length, 0: this is the last row | u8 1 in the first row, else 0
--   u32 CRC-32C of `block` as u64 and of all that stands before it; the longer numbers big-endian
-- A row that is damaged, missing or in another's place is noticed by that, and the block's deliveries are then looked at
-- one by one, as are deliveries that no block has.
CREATE TABLE search_words (
  block INTEGER NOT NULL,                   -- search_block.first
  word  BLOB NOT NULL,                      -- the first one of `words`; empty in a block's first row
  words BLOB NOT NULL,
  PRIMARY KEY (block, word)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER search_block_takes_its_words AFTER DELETE ON search_block BEGIN
  DELETE FROM search_words WHERE block = old.first;
END;
CREATE TRIGGER search_follows_delete AFTER DELETE ON delivery BEGIN
  UPDATE search_block SET gone = gone + 1
    WHERE first = (SELECT max(first) FROM search_block WHERE first <= old.id) AND last >= old.id;
  -- An id comes again when the newest delivery is deleted.
  UPDATE search_mark SET indexed = (SELECT coalesce(max(id), 0) FROM delivery)
    WHERE indexed > (SELECT coalesce(max(id), 0) FROM delivery);
  DELETE FROM search_block WHERE first > (SELECT coalesce(max(id), 0) FROM delivery);
  UPDATE search_block SET last = (SELECT max(id) FROM delivery)
    WHERE first = (SELECT max(first) FROM search_block) AND last > (SELECT max(id) FROM delivery);
END;
