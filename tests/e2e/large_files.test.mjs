// A large body is written once: the file it comes into is the record (shared/store.sql, schema 16).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Sender, requestBytes, send } from './lib/http.mjs';

const MIB = 1 << 20;

describe('large bodies in files of their own', () => {
	const w = new World();
	const calls = [];
	let relay, client, app, hold;

	const db = w.path('db', 'creel.db');
	const bodies = `${db}.bodies`;
	const files = () => (existsSync(bodies) ? readdirSync(bodies).map((name) => path.join(bodies, name)) : []);
	const bytes = () => files().reduce((sum, f) => sum + statSync(f).size, 0);
	const start = async (args = []) => (client = await w.startClient({ relay, target: app.address().port, name: 'files', db, args }));
	const post = (target, body) => send(relay.port, requestBytes('POST', `/files${target}`, ['Host: localhost', `Content-Length: ${body.length}`], body));
	const creel = (...args) => w.run('creel', [...args, '--db', db]);
	const list = async (filter) => JSON.parse((await creel('list', filter, '--json')).text.trim().split('\n').at(-1) || 'null');
	const idOf = async (target) => (await list(`path:${target}`)).id;
	const sql = async (text) => (await w.run('sqlite3', ['-readonly', db, text])).text.trim();

	before(async () => {
		app = http.createServer(async (request, response) => {
			const pieces = [];
			request.on('data', (d) => pieces.push(d));
			request.on('error', () => {});
			await once(request, 'end').catch(() => {});
			calls.push({ target: request.url, body: Buffer.concat(pieces) });
			if (request.url === '/hold') await new Promise((done) => (hold = done));
			response.end(request.url.startsWith('/answer') ? Buffer.concat(pieces) : 'ok');
		});
		app.listen(0, '127.0.0.1');
		await once(app, 'listening');
		relay = await w.startRelay({ args: ['--max-body', '100MiB'] });
		await start();
	});
	after(async () => {
		app?.closeAllConnections();
		app?.close();
		await w.close();
	});

	it('a request and its answer: whole at the app, whole on record, in private files; the database names them', async () => {
		const body = randomBytes(10 * MIB + 1);
		assert.equal((await post('/small', Buffer.from('small'))).status, 200);
		assert.equal(existsSync(bodies), false, 'not before it is needed');
		assert.equal((await post('/answer', body)).status, 200);
		assert.ok(calls.at(-1).body.equals(body));
		const id = await idOf('/answer');
		assert.ok((await creel('show', String(id), '--body')).stdout.equals(body));
		assert.ok((await creel('show', String(id), '--response', '--body')).stdout.equals(body));
		await waitFor('both files', () => files().length === 2);
		for (const f of files()) {
			assert.match(path.basename(f), /^[0-9a-f]{32}$/);
			assert.equal(statSync(f).mode & 0o777, 0o600);
			assert.ok(readFileSync(f).equals(body));
		}
		assert.equal(statSync(bodies).mode & 0o777, 0o700);
		assert.equal(await sql('SELECT group_concat(length(body)) FROM message WHERE id >= 8192'), '0,0');
		assert.deepEqual((await sql('SELECT name FROM body_file')).split('\n').sort(), files().map((f) => path.basename(f)).sort());
	});

	it('the client writes a large body once', { skip: process.platform !== 'linux' }, async () => {
		const written = () => Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${client.pid}/io`, 'utf8'))[1]);
		const copied = () => Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${client.pid}/io`, 'utf8'))[1]);
		const disk = written(), calls = copied();
		for (let i = 0; i < 3; i++) assert.equal((await post('/once', randomBytes(10 * MIB))).status, 200);
		await waitFor('their record', async () => (await sql("SELECT count(*) FROM attempt a JOIN delivery d ON d.id = a.id / 4096 WHERE d.target = '/once'")) === '3');
		// To the app it goes too, which counts as written with some calls, and not with others.
		const most = 30 * MIB * 1.1;
		assert.ok(written() - disk <= most, `${((written() - disk) / MIB).toFixed(1)} MiB for 30`);
		assert.ok(copied() - calls <= 30 * MIB + most, `${((copied() - calls) / MIB).toFixed(1)} MiB for 30, to the disk and the app`);
	});

	it('killed while the app is called: called again with the same body, and answered as the delivery it is', async () => {
		const body = randomBytes(3 * MIB);
		post('/hold', body).catch(() => {});
		await waitFor('the call', () => hold);
		client.signal('SIGKILL');
		await client.end();
		hold();
		hold = undefined;
		await start();
		await waitFor('the second call', () => hold);
		hold();
		assert.deepEqual(calls.filter((c) => c.target === '/hold').map((c) => c.body.equals(body)), [true, true]);
		await waitFor('its record', async () => (await list('path:/hold')).state === 'delivered');
	});

	it('killed while a body comes: the next client takes the file away', async () => {
		const before = files().length;
		const sender = await Sender.connect(relay.port);
		sender.write(`POST /files/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${4 * MIB}\r\n\r\n`);
		sender.write(randomBytes(2 * MIB));
		await waitFor('its file', () => files().length === before + 1);
		client.signal('SIGKILL');
		await client.end();
		sender.socket?.destroy?.();
		assert.equal(files().length, before + 1);
		await start();
		await waitFor('it to be swept', () => files().length === before);
		assert.equal((await post('/after', randomBytes(2 * MIB))).status, 200);
	});

	it('exported and imported, and replayed, it is whole', async () => {
		const body = randomBytes(5 * MIB), file = w.path('out.ndjson'), other = w.path('other.db');
		assert.equal((await post('/copy', body)).status, 200);
		const id = await idOf('/copy');
		const exported = await creel('export', String(id), '-o', file);
		assert.equal(exported.code, 0, exported.err);
		const imported = await w.run('creel', ['import', file, '--db', other]);
		assert.equal(imported.code, 0, imported.err);
		assert.ok((await w.run('creel', ['show', '1', '--body', '--db', other])).stdout.equals(body));
		calls.length = 0;
		const replayed = await creel('replay', String(id));
		assert.equal(replayed.code, 0, replayed.err);
		assert.ok(calls.at(-1).body.equals(body));
	});

	it('imported from any format, a large body is a file of its own as the client would have written it', async () => {
		const body = randomBytes(5 * MIB), file = w.path('in.ndjson');
		assert.equal((await post('/answer/imported', body)).status, 200);
		const id = await idOf('/answer/imported');
		const made = { 'in.ndjson': ['export', '--format', 'ndjson'], 'in.har': ['export', '--format', 'har'], 'in.html': ['report'] };
		for (const [name, [command, ...format]] of Object.entries(made)) {
			const from = w.path(name), other = w.path(`${name}.db`), there = `${other}.bodies`;
			const written = await creel(command, `id:${id}`, ...format, '-o', from);
			assert.equal(written.code, 0, written.err);
			for (const said of [/^1 delivery imported/, /^0 deliveries imported, 1 was on record already/]) {
				const imported = await w.run('creel', ['import', from, '--db', other]);
				assert.match(imported.text + imported.err, said, name);
				for (const of of [[], ['--response']]) assert.ok((await w.run('creel', ['show', '1', '--body', ...of, '--db', other])).stdout.equals(body), `${name} ${of}`);
				assert.deepEqual(readdirSync(there).map((f) => readFileSync(path.join(there, f)).equals(body)), [true, true], name);
				assert.equal(statSync(there).mode & 0o777, 0o700);
				assert.ok(statSync(other).size < MIB, `${name}: the database has none of it`);
			}
		}
		// What is taken back, or was on record, leaves nothing.
		const broken = w.path('broken.ndjson'), other = w.path('broken.db');
		writeFileSync(broken, `${readFileSync(file, 'utf8')}{"request":\n`);
		const failed = await w.run('creel', ['import', broken, '--db', other]);
		assert.equal(failed.code, 2, failed.err);
		assert.match(failed.err, /nothing was imported from .*line 2/);
		assert.deepEqual(readdirSync(`${other}.bodies`), []);
		assert.equal((await w.run('creel', ['list', '--json', '--db', other])).text, '');
	});

	it('its file goes with it', async () => {
		const before = files().length;
		assert.equal((await post('/old', randomBytes(2 * MIB))).status, 200);
		assert.equal((await post('/newest', Buffer.from('x'))).status, 200);
		assert.equal(files().length, before + 1);
		const pruned = await creel('prune', 'path:/old');
		assert.equal(pruned.code, 0, pruned.err);
		await waitFor('the file to go', () => files().length === before);
	});

	it('a file that is missing or short: one sentence for that delivery, and all others are there', async () => {
		assert.equal((await post('/lost', randomBytes(2 * MIB))).status, 200);
		const id = await idOf('/lost');
		const file = path.join(bodies, await sql(`SELECT name FROM body_file WHERE id = ${id} * 4096`));
		truncateSync(file, 100);
		for (const lose of [() => {}, () => unlinkSync(file)]) {
			lose();
			const shown = await creel('show', String(id), '--body');
			assert.equal(shown.code, 4);
			assert.equal(shown.err, `creel: the body of delivery ${id} cannot be read: its file ${path.basename(file)} in ${bodies} is missing or not whole\n`);
			assert.equal((await list('path:/lost')).state, 'delivered');
			assert.equal((await creel('list', 'body:nothing')).code, 1);
		}
		// It is not called again for nothing, nor in the way of others.
		const replayed = await creel('replay', String(id));
		assert.notEqual(replayed.code, 0);
		assert.match(replayed.err, /cannot be read: its file/);
		assert.equal((await creel('show', String(await idOf('/copy')), '--body')).code, 0);
		assert.equal((await post('/still', Buffer.from('x'))).status, 200);
	});

	it('--max-size counts them', async () => {
		await client.stop('SIGINT');
		await start(['--max-size', '64MiB']);
		for (let i = 0; i < 12; i++) assert.equal((await post(`/many/${i}`, randomBytes(7 * MIB))).status, 200);
		await waitFor('old ones to go', () => bytes() + statSync(db).size <= 64 * MIB);
		assert.ok((await creel('show', String(await idOf('/many/11')), '--body')).stdout.length === 7 * MIB);
	});
});
