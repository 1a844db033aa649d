// A record that no creel wrote: another program's, or a disk's. One row for each thing that may be wrong with one.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { fill, line } from './web.mjs';

const MAX = '9223372036854775807', MIN = '(-9223372036854775807 - 1)';
const text = (hex) => `CAST(x'${hex}' AS TEXT)`;
const delivery = (set) => `UPDATE delivery SET ${set} WHERE id = $ID`;
const attempt = (set) => `UPDATE attempt SET ${set} WHERE id = $ID * 4096 + 1`;
const request = (set) => `UPDATE message SET ${set} WHERE id = $ID * 4096`;
const bodyFile = (name, length) => `INSERT INTO body_file VALUES ($ID * 4096, ${name}, ${length}); ${request(`body = x''`)}; ${delivery(`request_bytes = ${length}`)}`;
const ODD_TEXT = text('3c623e00ff0d0a1b5b326a80e280ae27227b');

/** What is wrong with one row, by its name; $ID is the row. */
export const ODD = {
	'a time before 1970': delivery('received_at = -1'),
	'the least time': delivery(`received_at = ${MIN}`),
	'the greatest time': delivery(`received_at = ${MAX}, reached_at = ${MIN}`),
	'a time in the year 12000': delivery('received_at = 316500000000000000'),
	'a time of 0': delivery('received_at = 0, took_us = 0'),
	'it took less than nothing': delivery(`took_us = -5`) + ';' + attempt('connect_us = -1, first_byte_us = -9, total_us = -5'),
	'it took for ever': delivery(`took_us = ${MAX}`) + ';' + attempt(`connect_us = ${MAX}, first_byte_us = ${MAX}, total_us = ${MAX}, answered_at = ${MAX}`),
	'a status below 0': delivery('status = -1, status_class = -7') + ';' + attempt('status = -1'),
	'a status of 19 digits': delivery(`status = ${MAX}, status_class = ${MAX}`) + ';' + attempt(`status = ${MAX}`),
	'a state that is none': delivery('state = 77'),
	'a state below 0': delivery('state = -1'),
	'attempts below 0': delivery('attempts = -3'),
	'more attempts than there are': delivery(`attempts = ${MAX}`),
	'sizes below 0': delivery('request_bytes = -1, response_bytes = -1') + ';' + attempt('response_bytes = -1, kept = -1, cut = 99'),
	'2 GiB and more that are not there': delivery('request_bytes = 2147483648, response_bytes = 4294967297') + ';' + attempt('response_bytes = 4294967297, kept = 2147483648'),
	'all bytes that there can be': delivery(`request_bytes = ${MAX}, response_bytes = ${MAX}`) + ';' + attempt(`response_bytes = ${MAX}, kept = ${MAX}`),
	'another origin, and flags beyond 1': delivery('origin = 99, https = 5, has_body = -1, forwarded = 9, redacted = -1'),
	'a replay of itself': delivery('replay_of = $ID, origin = 2'),
	'a replay of what never was': delivery(`replay_of = ${MIN}, origin = 2`),
	'texts of any bytes': delivery(['tunnel', 'method', 'target', 'path', 'prefix', 'peer', 'provider', 'event_type', 'signature'].map((c) => `${c} = ${ODD_TEXT}`).join()) + ';' + attempt(`url = ${ODD_TEXT}, reason = ${ODD_TEXT}, error = ${ODD_TEXT}`),
	'texts without a letter': delivery(['tunnel', 'method', 'target', 'path', 'peer', 'signature'].map((c) => `${c} = ''`).join()) + ';' + attempt(`url = '', result = 1`),
	'texts of a megabyte': delivery(`method = printf('%.*c', 1000000, 'M'), target = '/' || printf('%.*c', 1000000, 't'), path = '/' || printf('%.*c', 1000000, 't'), event_type = printf('%.*c', 1000000, 'e'), provider = printf('%.*c', 1000000, 'p')`) + ';' + attempt(`error = printf('%.*c', 1000000, 'x')`),
	'an event id without bytes': delivery(`event_id = x''`),
	'an event id of 15 bytes': delivery(`event_id = x'000102030405060708090a0b0c0d0e'`),
	'an event id of a megabyte': delivery('event_id = randomblob(1000000)'),
	'header fields that are none': request(`headers = x'00ff3a0d0a3a206e6f206e616d650d0a6e6f20636f6c6f6e0a20666f6c6465640d0d0a4c6173743a206e6f20656e64'`),
	'header fields without an end': request(`headers = CAST('X: ' || printf('%.*c', 1000000, 'h') AS BLOB), trailers = x'ff0d0a'`),
	'20,000 header fields': request(`headers = (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT CAST(group_concat('X-' || i || ': v' || char(13, 10), '') AS BLOB) FROM n)`),
	'header fields that contradict the body': request(`headers = CAST('Content-Length: -1' || char(13, 10) || 'Content-Length: 99999999999999999999' || char(13, 10) || 'Content-Encoding: gzip, br, zstd, x' || char(13, 10) || 'Content-Type: multipart/form-data; boundary=' || char(13, 10) AS BLOB)`),
	'an answer of any bytes': attempt(`headers = x'ff003a0d', trailers = x'0d0a0d0a', body = x'0001ff', raw = x'485454502f39'`),
	'an answer’s row that lacks its parts': attempt('headers = NULL, body = NULL, trailers = NULL, raw = NULL'),
	'no message': 'DELETE FROM message WHERE id BETWEEN $ID * 4096 AND $ID * 4096 + 4095',
	'no attempt, though one is counted': 'DELETE FROM attempt WHERE id BETWEEN $ID * 4096 AND $ID * 4096 + 4095',
	'4,095 attempts': `INSERT OR REPLACE INTO attempt (id, started_at, result, status, url, reason, error, connect_us, first_byte_us, total_us, response_bytes, cut) WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 4095) SELECT $ID * 4096 + i, i * (${MAX} / 4095), i, -i, 'http://x', '', '', 0, 0, 0, 0, 0 FROM n; ${delivery('attempts = 4095')}`,
	'a result that is none': attempt(`result = 99, started_at = ${MIN}`),
	'a body file that is not there': bodyFile(`'0123456789abcdef0123456789abcdef'`, 5_000_000),
	'a body file elsewhere': bodyFile(`'../secret.txt'`, 11),
	'a body file of the root': bodyFile(`'/etc/passwd'`, 100),
	'a body file without a name': bodyFile(`''`, 10),
	'a body file with a byte 0': bodyFile(text('6100622f63'), 10),
	'a body file that is a folder': bodyFile(`'.'`, 10),
	'a body file of less than nothing': bodyFile(`'1123456789abcdef0123456789abcdef'`, -1),
	'a body file of 8 EiB': bodyFile(`'2123456789abcdef0123456789abcdef'`, MAX),
	'a body file shorter than it says': bodyFile(`'3123456789abcdef0123456789abcdef'`, 2_147_483_648),
	'a body file in a chain of links': bodyFile(`'4123456789abcdef0123456789abcdef'`, 10),
	'tags of any bytes': `INSERT INTO tag VALUES ($ID, ''), ($ID, ${ODD_TEXT}), ($ID, printf('%.*c', 100000, 't')), ($ID, '__proto__'), ($ID, 'marked')`,
	'a thousand tags': `INSERT INTO tag WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT $ID, 'tag' || i FROM n`,
	'a note of any bytes': `INSERT INTO note VALUES ($ID, ${ODD_TEXT})`,
	'a note of a megabyte': `INSERT INTO note VALUES ($ID, printf('%.*c', 1000000, 'n'))`,
	'an empty note': `INSERT INTO note VALUES ($ID, '')`,
	'jobs of any kind': `INSERT INTO job VALUES (NULL, $ID, ${MIN}, 99, -1, ${ODD_TEXT}, ${MIN}), (NULL, ${MAX}, 0, 0, NULL, '', NULL), (NULL, $ID, 0, 1, 1, '', $ID)`,
	'a search index that is broken': `INSERT INTO search_block VALUES ($ID, ${MIN}, ${MAX}, -1), (${MIN}, ${MAX}, -1, ${MAX}), (${MAX}, ${MAX}, 0, 1);
		INSERT INTO search_words VALUES ($ID, x'ff00', x'00'), ($ID, x'', x''), (${MIN}, x'', x'ffffffffffffffffffff'), (${MAX}, x'68ff', zeroblob(100000));
		UPDATE search_mark SET indexed = ${MAX}`,
	'figures that are none': `INSERT OR REPLACE INTO figures VALUES (0, ${MAX}, ${MIN}, x'ff'), (1, 0, 0, x''), (-1, -1, -1, x'0001'), (${MAX}, 0, 1, x'02')`,
};
/** Ids that no creel gives: see `oddIds`. */
export const ODD_IDS = ['0', '-5', '2251799813685247', '2251799813685248', '9007199254740993', '9223372036854775806'];
/** Clients that say they run. */
const CLIENTS = `INSERT INTO client (pid, started_at, confirmed_at, ping_interval_ms, state, detail, relay, url, tunnel, target, lag_us, secrets, routes) VALUES
	($PID, ${MIN}, ${MAX}, -1, ${ODD_TEXT}, ${ODD_TEXT}, ${ODD_TEXT}, ${ODD_TEXT}, ${ODD_TEXT}, ${ODD_TEXT}, ${MIN}, ${ODD_TEXT}, ${ODD_TEXT}),
	(-1, 0, 0, 0, '', '', '', '', '', '', ${MAX}, '', ''), (${MAX}, 0, 0, 0, 'online', '', '', 'javascript:hit=1', 'x', '', 0, '', '')`;

const columns = (text_) => text_.trim().split('\n').filter((c) => !/^(id|event_id)$/.test(c)).join(', ');
export const names = Object.keys(ODD), good = names.length + 1; // the row after them is as creel writes it
/** A row with what is wrong with it. */
export const named = (id) => `${id}: ${names[id - 1] ?? 'an id of its own'}`;

async function run(w, script) {
	const file = w.fresh('sql');
	writeFileSync(file, script);
	const r = await w.run('sqlite3', ['-bail', w.path('data/creel/creel.db'), `.read ${file}`]);
	assert.equal(r.code, 0, r.err);
	return r.text;
}

/** Fills the default store of a world: the rows of ODD by their order, from 1 on, and a good one. */
export async function fillOdd(w) {
	const db = w.path('data/creel/creel.db');
	await fill(w, names.map((_, i) => line(i + 1, { status: i % 3 ? 200 : 500 })));
	await fill(w, [line(9000, { target: '/hooks/good' })]);
	await run(w, names.map((name, i) => `SELECT ${JSON.stringify(name).replaceAll("'", "''").replaceAll('"', "'")}; BEGIN; ${ODD[name].replaceAll('$ID', i + 1)}; COMMIT;`).join('\n'));
	await run(w, CLIENTS.replace('$PID', process.pid));
	await w.run('mkdir', ['-p', `${db}.bodies`]);
	writeFileSync(w.path('data/creel/secret.txt'), 'not for you');
	writeFileSync(`${db}.bodies/3123456789abcdef0123456789abcdef`, 'short');
	await w.run('ln', ['-s', w.path('data/creel/secret.txt'), `${db}.bodies/4123456789abcdef0123456789abcdef`]);
}

/** Copies of the good row under ODD_IDS. With them there, creel finds no number for a new row. */
export async function oddIds(w) {
	const list = columns(await run(w, "SELECT name FROM pragma_table_info('delivery')"));
	await run(w, ODD_IDS.map((id, i) => `INSERT INTO delivery (id, event_id, ${list}) SELECT ${id}, x'${(i + 1).toString(16).padStart(32, '0')}', ${list} FROM delivery WHERE id = ${good};`).join('\n'));
}

/** What stands outside the record, beside it and in the system. */
export const OUTSIDE = /not for you|root:.:0/;
