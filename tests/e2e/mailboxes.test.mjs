// Whose a mailbox is, who still counts among those that share a tunnel, and what becomes of deliveries that a client
// cannot take (shared/DESIGN.md §4, §7, shared/PROTOCOL.md §2–§5). The client's end is the tests' own (lib/tunnel.mjs).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { FLAGS, frame, hello } from './lib/wire.mjs';

const SHARE = 1;
const RESET = { STORE: 4, PROTOCOL: 6 };
const reset = (stream, code) => frame('RESET', { stream, payload: Buffer.from([0, 0, 0, code, 0, 1, 65]) });
const key = () => randomBytes(32);

async function startRelay(w, args = [], options = {}) {
	const adminFile = w.fresh('admin');
	const relay = await w.startRelay({ args: ['--admin', '127.0.0.1:0', '--admin-port-file', adminFile, ...args], ...options });
	const admin = await w.fileFrom(relay, adminFile);
	relay.metric = async (name) => {
		const text = await (await fetch(`http://${admin}/metrics`)).text();
		return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)[1]);
	};
	relay.waiting = () => relay.metric('creel_spool_deliveries');
	return relay;
}

async function accepted(sending) {
	const answer = await sending;
	assert.equal(answer.status, 202, answer.text);
	return JSON.parse(answer.text).event_id;
}

describe('a name that goes to another token', () => {
	let w, relay, data;
	const token = async (...args) => {
		const r = await w.run('creel-relay', ['token', ...args, '--data', data]);
		assert.equal(r.code, 0, r.err);
		return /[A-Za-z0-9_-]{40,}/.exec(r.text)?.[0];
	};
	before(async () => {
		w = new World();
		data = w.path('data');
		await token('add', 'keeps-the-relay-closed');
		relay = await startRelay(w, [], { data });
	});
	after(() => w?.close());

	it('what waited unsealed for the old owner is not handed to the new one', async () => {
		const anna = await Tunnel.online(relay.port, 'shop', { token: await token('add', 'anna') });
		await anna.leave();
		await accepted(post(relay.port, '/shop/annas'));
		await token('revoke', 'anna');
		const bob = await Tunnel.online(relay.port, 'shop', { token: await token('add', 'bob') });
		const sending = post(relay.port, '/shop/bobs');
		const live = await bob.frame('REQUEST', (f) => f.target === '/bobs');
		bob.answer(live);
		assert.equal((await sending).status, 200);
		await waitFor('the old mailbox to go', async () => bob.requests.length > 1 || (await relay.waiting()) === 0);
		assert.deepEqual(bob.requests.map((r) => r.target), ['/bobs']);
		await bob.leave();
	});

	it('a request that waits for the old owner is not sent to the new one', async () => {
		const say = { public_key: key() };
		const carl = await Tunnel.online(relay.port, 'desk', { token: await token('add', 'carl'), say });
		const sending = post(relay.port, '/desk/carls');
		await carl.request();
		await carl.end(); /* within the grace the relay waits for him */
		await token('revoke', 'carl');
		const dora = await Tunnel.online(relay.port, 'desk', { token: await token('add', 'dora') });
		await accepted(sending);
		assert.deepEqual(dora.requests, []);
		await dora.leave();
	});

	it('what is sealed to a client’s key is its own under a new token too', async () => {
		const say = { public_key: key() };
		const old = await Tunnel.online(relay.port, 'safe', { token: await token('add', 'erik'), say });
		await old.leave();
		await accepted(post(relay.port, '/safe/x'));
		await token('revoke', 'erik');
		const t = await Tunnel.online(relay.port, 'safe', { token: await token('add', 'erik-2'), say });
		await t.frame('SEALED', (f) => f.flags & FLAGS.END);
		await t.leave();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('deliveries that a client cannot take', () => {
	let w, relay;
	before(async () => {
		w = new World();
		relay = await startRelay(w);
	});
	after(() => w?.close());

	it('a thousand that it cannot open do not keep back the next', async () => {
		let t = await Tunnel.online(relay.port, 'locked');
		await t.leave();
		for (let sent = 0; sent < 1010; sent += 101)
			await Promise.all(Array.from({ length: 101 }, () => accepted(post(relay.port, '/locked/x'))));
		t = await Tunnel.online(relay.port, 'locked', { say: { drain_parallel: 4 } });
		let refused = 0;
		await waitFor(() => `1010 of them; got ${refused}`, () => {
			for (const r of t.requests.slice(refused)) {
				refused++;
				t.ws.send(reset(r.stream, RESET.PROTOCOL));
			}
			return refused >= 1010;
		});
		await t.leave();
		assert.ok((await relay.waiting()) >= 1010);
		t = await Tunnel.online(relay.port, 'locked');
		await t.request(); /* it came anew, perhaps with its old key: they are tried again */
		await t.leave();
	});

	it('one whose store refuses a live delivery gets it again, but not at once', async () => {
		const t = await Tunnel.online(relay.port, 'full');
		const sending = post(relay.port, '/full/x');
		const r = await t.request();
		const begun = performance.now();
		t.ws.send(reset(r.stream, RESET.STORE));
		const id = await accepted(sending);
		const again = await t.request(1);
		assert.equal(again.event_id, id);
		assert.ok(performance.now() - begun > 400, `after ${performance.now() - begun} ms`);
		t.answer(again);
		await t.leave();
	});

	it('several refused at once count as one refusal: the pause is the first one', async () => {
		let t = await Tunnel.online(relay.port, 'brief');
		await t.leave();
		for (let i = 0; i < 6; i++) await accepted(post(relay.port, '/brief/x'));
		t = await Tunnel.online(relay.port, 'brief', { say: { drain_parallel: 6 } });
		await t.request(5);
		t.ws.send(Buffer.concat(t.requests.map((r) => reset(r.stream, RESET.STORE))));
		const begun = performance.now();
		await t.request(6);
		assert.ok(performance.now() - begun < 8000, `after ${performance.now() - begun} ms`);
		await t.leave();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('laptops that shared a tunnel and are gone', () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	it('do not keep others out for ever', async () => {
		const relay = await startRelay(w, ['--spool-max-age', '1s']);
		const join = () => Tunnel.open(relay.port).then((t) => {
			t.ws.send(hello({ tunnel: 'crowd', options: SHARE, public_key: key() }));
			return t;
		});
		for (let i = 0; i < 64; i++) {
			const t = await join();
			await t.frame('WELCOME');
			await t.leave();
		}
		await waitFor('their time to pass', async () => {
			const t = await join();
			const told = await t.frame('WELCOME').then(() => true, () => false);
			await t.end();
			return told;
		});
	});

	it('one that was online until the relay was killed still has its place, however long ago it came', async () => {
		let relay = await startRelay(w, ['--spool-max-age', '4s']);
		const t = await Tunnel.online(relay.port, 'long', { say: { options: SHARE, public_key: key() } });
		const begun = performance.now();
		/* What waits for another laptop is the clock. */
		await (await Tunnel.online(relay.port, 'clock')).leave();
		await accepted(post(relay.port, '/clock/x'));
		await waitFor('it to expire', async () => (await relay.waiting()) === 0);
		const online = Math.round(performance.now() - begun);
		await relay.stop('SIGKILL');
		await t.closed;
		relay = await startRelay(w, ['--spool-max-age', `${online}ms`], { data: relay.data });
		await accepted(post(relay.port, '/long/x'));
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('a gap', () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	it('is told again when the connection broke before it was heard', async () => {
		const relay = await startRelay(w, ['--spool-max-age', '1s']);
		await (await Tunnel.online(relay.port, 'old')).leave();
		for (let i = 0; i < 3; i++) await accepted(post(relay.port, '/old/x'));
		await waitFor('them to expire', async () => (await relay.waiting()) === 0);
		const deaf = await Tunnel.open(relay.port);
		deaf.ws.pause();
		deaf.ws.send(hello({ tunnel: 'old' }));
		await waitFor('the tunnel', async () => (await relay.metric('creel_tunnels')) === 1);
		await deaf.end();
		const t = await Tunnel.online(relay.port, 'old');
		assert.equal((await t.frame('NOTICE', (f) => f.code === 7)).number, 3);
		await t.leave();
		const next = await Tunnel.online(relay.port, 'old');
		const sending = post(relay.port, '/old/live');
		next.answer(await next.request());
		assert.equal((await sending).status, 200);
		assert.ok(!next.frames.some((f) => f.type === 'NOTICE'));
		await next.leave();
	});

	it('counts the copies that found no room while another laptop answered the sender', async () => {
		const relay = await startRelay(w, ['--spool-max-bytes', '64KiB']);
		const keys = [key(), key()];
		const join = (i) => Tunnel.online(relay.port, 'team', { say: { options: SHARE, public_key: keys[i], drain_parallel: 100 } });
		const here = await join(0);
		await (await join(1)).leave();
		for (let i = 0; i < 10; i++) {
			const sending = post(relay.port, '/team/x', randomBytes(8000));
			here.answer(await here.request(i));
			assert.equal((await sending).status, 200);
		}
		const kept = await relay.waiting();
		assert.ok(kept > 5 && kept < 10, String(kept));
		const back = await join(1);
		await waitFor('what was kept', () => back.frames.filter((f) => f.type === 'SEALED' && f.flags & FLAGS.END).length === kept);
		assert.equal((await back.frame('NOTICE', (f) => f.code === 7)).number, 10 - kept);
		await back.leave();
		await here.leave();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
