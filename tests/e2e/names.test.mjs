// Which tunnel names a token owns: how many, who sees and frees them, and which are forgotten by themselves.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { binDir, World, waitFor } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { hello } from './lib/wire.mjs';

const PROBE = 8;
const NOTICE = { NAME_TAKEN: 2, LIMIT: 6, NAMES: 11 };
const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;
const key = () => randomBytes(32).toString('latin1');

/** What the relay says to a client that it sends away. */
async function refusal(t) {
	const notice = await t.frame('NOTICE');
	await t.closed;
	return notice;
}

async function refused(relay, name, token, say = {}) {
	const t = await Tunnel.open(relay.port, { token });
	t.ws.send(hello({ tunnel: name, ...say }));
	return refusal(t);
}

describe('the names that a token owns', () => {
	let w, relay, data, anna, bob;
	const run = (...args) => w.run('creel-relay', ['token', ...args, '--data', data]);
	const ok = async (...args) => {
		const r = await run(...args);
		assert.equal(r.code, 0, r.err);
		return r.text;
	};
	const names = async (...who) => (await ok('names', ...who)).trim().split('\n').filter(Boolean).map((line) => line.split(/\s+/)[0]);
	const online = async (name, token, say) => {
		const t = await Tunnel.online(relay.port, name, { token, say });
		t.name = t.welcome.tunnel;
		return t;
	};
	before(async () => {
		w = new World();
		data = w.path('data');
		anna = (await ok('add', 'anna')).trim();
		bob = (await ok('add', 'bob')).trim();
		relay = await w.startRelay({ data, args: ['--max-names-per-token', '3', '--spool-max-age', '3s'] });
	});
	after(() => w?.close());

	it('one beyond the bound is refused with a sentence; its own and another token’s are not affected', async () => {
		for (const name of ['one', 'two', 'three']) await (await online(name, anna)).leave();
		const notice = await refused(relay, 'four', anna);
		assert.equal(notice.code, NOTICE.NAMES);
		assert.match(notice.text, /owns 3 tunnel names, as many as it may.*token free/);
		await (await online('two', anna)).leave();
		await (await online('four', bob)).leave();
		assert.equal((await refused(relay, 'four', anna)).code, NOTICE.NAME_TAKEN);
		assert.deepEqual(await names('anna'), ['one', 'three', 'two']);
		assert.deepEqual(await names(), ['one', 'three', 'two', 'four']);
		assert.match(await ok('list'), /^anna .*3 tunnel names\nbob .*1 tunnel name$/m);
	});

	it('creel listen says so and ends with 3', async () => {
		const r = await w.creel(['listen', '3000', '--relay', `http://127.0.0.1:${relay.port}`, '--name', 'five', '--output', 'quiet'], { env: { CREEL_TOKEN: anna } });
		assert.equal(r.code, 3, r.err);
		assert.match(r.err, /^creel: .*owns as many tunnel names as it may; .*token free TUNNEL`$/m);
	});

	it('token free: anybody may take the name, a client that has it is sent away, and its senders get 404', async () => {
		const t = await online('one', anna);
		await ok('free', 'one');
		const notice = await refusal(t);
		assert.equal(notice.code, NOTICE.NAME_TAKEN);
		assert.match(notice.text, /was freed on the relay/);
		await waitFor('the name to be unknown', async () => (await post(relay.port, '/one/x', 'hi', [])).status === 404);
		assert.deepEqual(await names('anna'), ['three', 'two']);
		const taken = await online('one', bob);
		const sending = post(relay.port, '/one/x');
		taken.answer(await taken.request());
		assert.equal((await sending).status, 200);
		await taken.leave();
		await (await online('four-of-anna', anna)).leave();
		await ok('free', 'four-of-anna');
	});

	it('what waits sealed for the client of a freed name is neither taken from it nor added to', async () => {
		const say = { public_key: key() };
		await (await online('safe', anna, say)).leave();
		assert.equal((await post(relay.port, '/safe/x')).status, 202);
		await ok('free', 'safe');
		await waitFor('it to take no more', async () => (await post(relay.port, '/safe/x')).status === 503);
		const t = await online('safe', anna, say);
		await t.frame('SEALED');
		await t.leave();
		await ok('free', 'safe');
	});

	it('freed while the relay is down: known no more when it is up again', async () => {
		await (await online('down', bob)).leave();
		assert.equal((await relay.stop('SIGTERM')).code, 0);
		await ok('free', 'down');
		relay = await w.startRelay({ data, args: ['--max-names-per-token', '3', '--spool-max-age', '3s'] });
		await waitFor('the name to be unknown', async () => (await post(relay.port, '/down/x')).status === 404);
	});

	it('what names and free cannot do is said', async () => {
		for (const [args, sentence] of [[['free', 'nobodys'], /nobody owns a tunnel nobodys/], [['names', 'carl'], /no token carl/], [['free'], /write: /], [['names', 'a', 'b'], /write: /]]) {
			const r = await run(...args);
			assert.equal(r.code, 2, args.join(' '));
			assert.match(r.err, sentence);
		}
	});

	it('a random name makes room for the next when nobody uses it, the oldest first', async () => {
		for (const name of await names('anna')) await ok('free', name);
		const used = await online('', anna, { public_key: key() });
		const random = [];
		for (let i = 0; i < 4; i++) {
			const t = await online('', anna, { public_key: key() });
			random.push(t.name);
			await t.leave();
		}
		assert.deepEqual((await names('anna')).sort(), [used.name, random[2], random[3]].sort());
		await used.leave();
	});

	it('where none can be taken out of the table the next is refused, and the relay goes on', async () => {
		const made = await w.makeData();
		const full = await w.startRelay({ data: made.data, args: ['--max-names-per-token', '1'] });
		const first = await Tunnel.online(full.port, '', { token: made.token, say: { public_key: key() } });
		await first.leave();
		// As a full disk would have it.
		await w.run('sqlite3', [`${made.data}/relay.db`, "CREATE TRIGGER stays BEFORE DELETE ON tunnel BEGIN SELECT raise(ABORT, 'no room'); END"]);
		assert.equal((await refused(full, '', made.token, { public_key: key() })).code, NOTICE.NAMES);
		assert.equal((await post(full.port, '/nobody/x')).status, 404);
		await w.run('sqlite3', [`${made.data}/relay.db`, 'DROP TRIGGER stays']);
		await (await Tunnel.online(full.port, '', { token: made.token, say: { public_key: key() } })).leave();
	});

	it('where new names cannot be written, all that come together are refused, and no name is theirs', { skip: hasPrlimit ? false : 'prlimit is not installed' }, async () => {
		const made = await w.makeData(), ready = w.fresh('port');
		const full = w.spawn('sh', ['-c', 'trap "" XFSZ; exec "$@"', 'sh', path.join(binDir, 'creel-relay'), 'serve', '--listen', '127.0.0.1:0', '--data', made.data, '--port-file', ready]);
		const port = Number((await w.fileFrom(full, ready)).split(':').at(-1));
		await (await Tunnel.online(port, 'before', { token: made.token })).leave();
		// As a full disk would have it: no file gets longer.
		const longest = (size) => assert.equal(spawnSync('prlimit', [`--pid=${full.pid}`, `--fsize=${size}`]).status, 0);
		longest(`${statSync(`${made.data}/relay.db-wal`).size}:unlimited`);
		for (const notice of await Promise.all(['a', 'b', 'c', 'd'].map((name) => refused({ port }, name, made.token)))) {
			assert.equal(notice.code, NOTICE.LIMIT);
			assert.match(notice.text, /cannot register the tunnel's name; try again later/);
		}
		assert.match(full.err, /event=names_not_written failure="[^"]*relay\.db cannot be written/);
		const listed = await w.run('creel-relay', ['token', 'names', '--data', made.data]);
		assert.match(listed.text, /^before [^\n]*\n$/);
		longest('unlimited:unlimited');
		for (const name of ['before', 'b', 'a']) await (await Tunnel.online(port, name, { token: made.token })).leave();
		await full.stop('SIGTERM');
	});

	it('a random name that nobody uses for --spool-max-age is forgotten; a chosen one stays', async () => {
		for (const name of await names('bob')) await ok('free', name);
		await (await online('chosen', bob)).leave();
		const kept = await online('', bob, { public_key: key() });
		await (await online('', bob)).leave();
		await waitFor('it to be forgotten', async () => (await names('bob')).length === 2);
		assert.ok((await names('bob')).includes(kept.name));
		assert.ok((await names('bob')).includes('chosen'));
		await kept.leave();
	});

	// One of before may have been forgotten meanwhile.
	const nothingNew = async (before) => assert.deepEqual((await names()).filter((name) => !before.includes(name)), []);

	it('a probe leaves no name, and needs no room for one', async () => {
		const before = await names();
		const t = await online('', bob, { options: PROBE });
		await nothingNew(before);
		const sending = post(relay.port, `/${t.name}/x`);
		t.answer(await t.request());
		assert.equal((await sending).status, 200);
		await t.leave();
		await waitFor('it to be unknown', async () => (await post(relay.port, `/${t.name}/x`)).status === 404);
		await nothingNew(before);
	});

	it('creel login and creel doctor leave no name', async () => {
		const before = await names();
		const url = `http://127.0.0.1:${relay.port}`;
		const login = await w.creel(['login', url], { input: `${bob}\n` });
		assert.equal(login.code, 0, login.err);
		await w.creel(['doctor', '--relay', url], { env: { CREEL_TOKEN: bob } });
		await nothingNew(before);
		assert.ok(existsSync(data));
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
