// Reads creel.db with the sqlite3 command-line program, by the schema in shared/store.sql: nothing of creel's own is used
// to judge creel.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

/** Calls `onLine` with each line (a Buffer) of what sqlite3 prints for the query. */
function query(db, sql, onLine) {
	return new Promise((resolve, reject) => {
		const child = spawn('sqlite3', ['-readonly', '-batch', '-noheader', '-separator', '|', '-cmd', '.timeout 10000', db, sql], { stdio: ['ignore', 'pipe', 'pipe'] });
		let pieces = [];
		let err = '';
		child.stderr.on('data', (piece) => (err += piece));
		child.stdout.on('data', (piece) => {
			for (let at; (at = piece.indexOf(10)) >= 0; piece = piece.subarray(at + 1)) {
				pieces.push(piece.subarray(0, at));
				onLine(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
				pieces = [];
			}
			if (piece.length) pieces.push(piece);
		});
		child.on('error', (error) => reject(new Error(`sqlite3 cannot be run: ${error.message}; install it (Debian: sqlite3)`)));
		child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`sqlite3 gave ${code} for ${db}: ${err}`))));
	});
}

/** The numbers recorded after row `after`: { last, numbers }. */
export async function newNumbers(db, after) {
	let last = after;
	const numbers = [];
	await query(db, `SELECT id, target FROM delivery WHERE id > ${after} ORDER BY id`, (line) => {
		const [id, target] = line.toString('latin1').split('|');
		last = Number(id);
		numbers.push(numberOf(target));
	});
	return { last, numbers };
}

function numberOf(target) {
	return Number(/^\/n\/(\d+)$/.exec(target)?.[1] ?? -1);
}

/** How many deliveries wait for their call or are in it. */
export async function unfinished(db) {
	let n = 0;
	await query(db, 'SELECT count(*) FROM delivery WHERE state IN (0, 1)', (line) => (n = Number(line.toString())));
	return n;
}

/** A large body (shared/store.sql, schema 16); of one that is lost nothing, which then differs from what was sent. */
const inFile = (file, length) => (existsSync(file) ? readFileSync(file).subarray(0, length) : Buffer.alloc(0));

/** Every delivery: { id, target, number, event, state, status, attempts, size, sha256, results } */
export async function readStore(db) {
	const rows = [];
	const byId = new Map();
	await query(db, `SELECT d.id, d.target, lower(hex(d.event_id)), d.state, d.status, d.attempts,
		coalesce(f.name, ''), coalesce(f.length, 0), hex(m.body) FROM delivery d LEFT JOIN message m ON m.id = d.id * 4096
		LEFT JOIN body_file f ON f.id = m.id ORDER BY d.id`, (line) => {
		const at = line.lastIndexOf(0x7c);
		const [id, target, event, state, status, attempts, file, length] = line.subarray(0, at).toString('latin1').split('|');
		const body = file ? inFile(`${db}.bodies/${file}`, Number(length)) : Buffer.from(line.subarray(at + 1).toString('latin1'), 'hex');
		const row = {
			id: Number(id), target, number: numberOf(target), event, state: Number(state), status: Number(status), attempts: Number(attempts),
			size: body.length, sha256: createHash('sha256').update(body).digest('hex'), results: [],
		};
		rows.push(row);
		byId.set(row.id, row);
	});
	await query(db, 'SELECT delivery_id, result, started_at, total_us FROM attempt ORDER BY delivery_id, number', (line) => {
		const [id, result, started, total] = line.toString('latin1').split('|').map(Number);
		byId.get(id)?.results.push({ result, from: started / 1000, to: (started + total) / 1000 });
	});
	return rows;
}
