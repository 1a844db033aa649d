// creel-relay backup and restore: tokens, names and what waits, out of a relay that goes on, into one that stands still.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { field, post, requestBytes, send } from './lib/http.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { frame } from './lib/wire.mjs';

describe('creel-relay backup', () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	const relay = (data, ...words) => w.run('creel-relay', [...words, '--data', data]);
	const sql = async (file, text) => (await w.run('sqlite3', ['-readonly', file, text])).text.trim();
	const idOf = (answer) => (assert.equal(answer.status, 202, answer.text), field(answer.lines, 'Creel-Event-Id'));
	/** A relay's folder with a token, and in its spool `count` webhooks for the tunnel shop. */
	async function filled(count) {
		const { data, token } = await w.makeData();
		const r = await w.startRelay({ data });
		await (await Tunnel.online(r.port, 'shop', { token })).leave();
		const ids = [];
		for (let i = 0; i < count; i++) ids.push(idOf(await post(r.port, `/shop/${i}`)));
		return { data, token, relay: r, ids };
	}
	/** The webhooks that a client of the tunnel gets, by their event ids; `count` of them. */
	async function taken(r, token, count) {
		const t = await Tunnel.online(r.port, 'shop', { token });
		const room = Buffer.alloc(4);
		room.writeUInt32BE(8 << 20);
		t.ws.send(frame('WINDOW', { payload: room }));
		const ids = [];
		for (let i = 0; i < count; i++) {
			const request = await t.request(i);
			ids.push(request.event_id);
			t.answer(request, { headers: '', body: '', body_len: 0 });
		}
		await t.leave();
		return ids;
	}

	it('of a relay under load: what was acknowledged before is in it, the relay goes on, and another takes it up', { timeout: 240_000 }, async () => {
		const { data, token, relay: first, ids } = await filled(40);
		// More than one piece of the copy.
		for (let i = 0; i < 12; i++) {
			const big = randomBytes(200_000);
			ids.push(idOf(await send(first.port, requestBytes('POST', '/shop/big', ['Host: localhost', `Content-Length: ${big.length}`], big))));
		}
		let stop = false;
		const later = [];
		const senders = [...Array(4).keys()].map(async (n) => {
			for (let i = 0; !stop; i++) later.push(idOf(await post(first.port, `/shop/later/${n}/${i}`)));
		});
		await waitFor('the load', () => later.length > 20);
		const acknowledged = [...ids, ...later];
		const file = w.path('relay.backup');
		const saved = await relay(data, 'backup', file);
		assert.equal(saved.code, 0, saved.err);
		const at = later.length;
		await waitFor('the relay going on', () => later.length > at + 10);
		stop = true;
		await Promise.all(senders);
		const [, count] = /^Saved 1 token, 1 tunnel name and (\d+) webhooks that wait to .*relay\.backup\n$/.exec(saved.text);
		assert.ok(Number(count) >= acknowledged.length, `${count} of ${acknowledged.length}`);
		assert.equal(statSync(file).mode & 0o777, 0o600);
		assert.deepEqual(readdirSync(path.dirname(file)).filter((name) => name.startsWith('relay.backup')), ['relay.backup']);
		assert.equal(await sql(file, 'PRAGMA integrity_check'), 'ok');

		const elsewhere = w.path('elsewhere');
		const restored = await relay(elsewhere, 'restore', file);
		assert.deepEqual([restored.code, restored.text, restored.err], [0, `Restored 1 token, 1 tunnel name and ${count} webhooks that wait into ${elsewhere}\n`, '']);
		for (const name of ['', 'relay.db', 'spool.db']) assert.equal(statSync(path.join(elsewhere, name)).mode & 0o077, 0, name);
		const second = await w.startRelay({ data: elsewhere });
		const got = await taken(second, token, Number(count));
		assert.deepEqual(got.slice(0, ids.length), ids, 'the oldest first');
		assert.deepEqual(acknowledged.filter((id) => !got.includes(id)), []);
		assert.equal(new Set(got).size, got.length);
		await second.stop('SIGTERM');

		// The relay that goes on was not touched by it.
		assert.equal(Number(JSON.parse((await relay(data, 'status', '--json')).text).waiting), ids.length + later.length);
		await first.stop('SIGTERM');
	});

	it('of a folder without a relay; restoring adds what is not there, and a second time nothing', async () => {
		const { data, token, relay: first, ids } = await filled(3);
		await first.stop('SIGTERM');
		const file = w.path('stopped.backup');
		assert.equal((await relay(data, 'backup', file)).text, `Saved 1 token, 1 tunnel name and 3 webhooks that wait to ${file}\n`);
		const second = await w.startRelay({ data });
		assert.deepEqual(await taken(second, token, 1), [ids[0]]);
		const extra = idOf(await post(second.port, '/shop/extra'));
		await waitFor('the spool', async () => JSON.parse((await relay(data, 'status', '--json')).text).waiting === 3);
		await second.stop('SIGTERM');
		assert.equal((await relay(data, 'restore', file)).text, `Restored 0 tokens, 0 tunnel names and 1 webhook that waits into ${data}; 2 webhooks were there already\n`);
		assert.equal((await relay(data, 'restore', file)).text, `Restored 0 tokens, 0 tunnel names and 0 webhooks that wait into ${data}; 3 webhooks were there already\n`);
		const third = await w.startRelay({ data });
		assert.deepEqual((await taken(third, token, 4)).sort(), [...ids, extra].sort());
		await third.stop('SIGTERM');
	});

	it('replaces a backup, and nothing else', async () => {
		const { data, relay: r } = await filled(1);
		const file = w.path('again.backup');
		writeFileSync(`${file}.part`, 'of one that was killed');
		assert.equal((await relay(data, 'backup', file)).code, 0);
		idOf(await post(r.port, '/shop/more'));
		assert.match((await relay(data, 'backup', file)).text, / 2 webhooks that wait to /);
		for (const other of [path.join(data, 'relay.db'), data, w.path('note')]) {
			if (!existsSync(other)) writeFileSync(other, 'a note');
			const before = statSync(other).isFile() && readFileSync(other);
			const no = await relay(data, 'backup', other);
			assert.deepEqual([no.code, no.err], [2, `creel-relay: ${other} is there already and is not a backup: name another file\n`]);
			if (before) assert.deepEqual(readFileSync(other), before);
		}
		const no = await relay(data, 'backup', w.path('no/such/folder/x'));
		assert.equal(no.code, 4);
		assert.match(no.err, /x\.part cannot be made: No such file or directory; name a file in a folder/);
		await r.stop('SIGTERM');
	});

	it('restore refuses a relay that runs, what is no backup, a newer one and a damaged one; and changes nothing then', async () => {
		const { data, relay: r } = await filled(300);
		const file = w.path('good.backup');
		assert.equal((await relay(data, 'backup', file)).code, 0);
		const running = await relay(data, 'restore', file);
		assert.deepEqual([running.code, running.err], [4, `creel-relay: a relay is running on ${data}: stop it, restore, and start it again\n`]);
		await r.stop('SIGTERM');
		const bad = { text: w.path('text'), database: w.path('database'), newer: w.path('newer'), short: w.path('short'), wrong: w.path('wrong') };
		writeFileSync(bad.text, 'no database at all '.repeat(100));
		copyFileSync(path.join(data, 'relay.db'), bad.database);
		for (const name of ['newer', 'short', 'wrong']) copyFileSync(file, bad[name]);
		await w.run('sqlite3', [bad.newer, 'PRAGMA user_version = 2']);
		truncateSync(bad.short, statSync(file).size / 2);
		await w.run('sqlite3', [bad.wrong, "UPDATE waiting SET event_id = x'00' WHERE id = (SELECT max(id) FROM waiting)"]);
		const says = { text: /is not a backup of creel-relay/, database: /is not a backup of creel-relay/, newer: /was written by a newer creel-relay/, short: /is damaged/, wrong: /is damaged: it holds what no relay writes; nothing was restored/ };
		const before = await sql(path.join(data, 'spool.db'), 'SELECT count(*), max(id) FROM waiting');
		for (const [name, pattern] of Object.entries(says)) {
			const no = await relay(data, 'restore', bad[name]);
			assert.equal(no.code, 4, name);
			assert.match(no.err, pattern);
		}
		assert.equal(await sql(path.join(data, 'spool.db'), 'SELECT count(*), max(id) FROM waiting'), before);
		assert.equal((await relay(w.path('new'), 'restore', w.path('missing'))).code, 4);
		assert.ok(!existsSync(w.path('new')), 'no folder is made for nothing');
		for (const command of ['backup', 'restore']) {
			const no = await relay(data, command);
			assert.deepEqual([no.code, no.err], [2, `creel-relay: write: creel-relay ${command} FILE\n`]);
		}
		assert.equal((await relay(w.path('nowhere'), 'backup', w.path('x'))).code, 4);
		assert.ok(!existsSync(w.path('x')) && !existsSync(w.path('x.part')) && !existsSync(w.path('nowhere')));
	});

	it('run by root: the data stays the service’s user’s, the file is root’s', { skip: process.getuid() !== 0 && 'only root can become another user' }, async () => {
		chmodSync(w.dir, 0o711); // as /var/lib is: everybody may go through
		const [data, other, vault] = ['service', 'other', 'vault'].map((name) => path.join(w.dir, name));
		for (const folder of [data, other]) {
			mkdirSync(folder, { mode: 0o700 });
			chownSync(folder, 65532, 65532);
		}
		mkdirSync(vault, { mode: 0o700 });
		assert.equal((await relay(data, 'token', 'add', 'anna')).code, 0);
		const file = path.join(vault, 'relay.backup');
		const saved = await relay(data, 'backup', file);
		assert.equal(saved.code, 0, saved.err);
		assert.equal(statSync(file).uid, 0);
		const restored = await relay(other, 'restore', file);
		assert.equal(restored.code, 0, restored.err);
		for (const folder of [data, other]) for (const name of readdirSync(folder)) assert.equal(statSync(path.join(folder, name)).uid, 65532, `${folder}/${name}`);
		assert.match((await relay(other, 'token', 'list')).text, /^anna /);
	});
});
