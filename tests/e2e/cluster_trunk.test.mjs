// A webhook comes to one node of a cluster and the client is at another: it goes through byte for byte, and nothing that
// was acknowledged is lost when a node dies, hangs or ends.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Brokers, connected, hasNats, hear, publish, readRecord, startNode } from './lib/cluster.mjs';
import { digest, exactThrough, startApp } from './lib/exact_set.mjs';
import { waitFor, within, World } from './lib/harness.mjs';
import { field, post, requestBytes, send, Sender } from './lib/http.mjs';
import { Tunnel } from './lib/tunnel.mjs';

/** One address for clients, as a load balancer is: new connections go to the first node that takes them. */
class Front {
	static async start(nodes) {
		const f = new Front();
		f.nodes = nodes;
		f.sockets = new Set();
		f.server = net.createServer((client) => f.pass(client, [...f.nodes]));
		f.server.listen(0, '127.0.0.1');
		await once(f.server, 'listening');
		f.port = f.server.address().port;
		f.url = `http://127.0.0.1:${f.port}`;
		return f;
	}

	pass(client, [node, ...others]) {
		client.on('error', () => {});
		if (!node) {
			client.destroy();
			return;
		}
		const server = net.connect(node.port, '127.0.0.1');
		server.on('error', () => (server.connecting || others.length === 0 ? client.destroy() : undefined));
		server.once('connect', () => client.pipe(server).pipe(client));
		for (const [one, other] of [[client, server], [server, client]]) {
			this.sockets.add(one);
			one.on('close', () => (this.sockets.delete(one), other.destroy()));
		}
	}

	cut() {
		for (const s of this.sockets) s.destroy();
	}

	close() {
		this.cut();
		this.server.close();
	}
}

describe('a webhook through another node', { skip: hasNats ? false : 'nats-server is not installed' }, () => {
	const w = new World();
	// 64 MiB are on record when a busy disk has taken them, and a client has reconnected when its turn has come.
	const grace = ['--resume-grace', '3s'], slow = ['--record-timeout', '120s', '--reply-timeout', '120s'], patient = [...grace, ...slow];
	let brokers, holder, taker, app, client, secret;
	const fronts = [];

	const listen = (relay, name, more = {}) => w.startClient({ relay, target: app.port, name, db: w.fresh('db'), env: { CREEL_TOKEN: secret }, ...more });
	// A node that has just begun is not known to all at once.
	const answers = (node, path) => waitFor(`${path} to be answered`, async () => (await post(node.port, path)).status === 200);
	const known = (name) => waitFor(`the record of ${name}`, () => readRecord(brokers, `tunnel.${name}`));

	before(async () => {
		brokers = await Brokers.start(w, 1);
		holder = await startNode(w, brokers, { args: patient });
		taker = await startNode(w, brokers, { args: patient });
		app = await startApp();
		secret = (await w.run('creel-relay', ['token', 'add', 'me', '--data', holder.data])).text.trim();
		await waitFor('the token at the other node', async () => /me/.test((await w.run('creel-relay', ['token', 'list', '--data', taker.data])).text));
		client = await listen(holder, 'far', { db: w.fresh('db') });
		await known('far');
	});
	after(async () => {
		app?.close();
		for (const front of fronts) front.close();
		await w.close();
	});

	exactThrough(() => ({
		at: { host: '127.0.0.1', port: taker.port },
		app,
		logs: () => holder.err + taker.err,
		listen: async (name) => {
			const p = await listen(holder, name);
			await known(name);
			return p;
		},
	}));

	test('its client’s connection is cut in the middle of a large answer: it resumes, and the sender sees nothing of it', async () => {
		const lasting = ['--resume-grace', '60s', ...slow];
		const near = await startNode(w, brokers, { args: lasting }), far = await startNode(w, brokers, { args: lasting });
		const front = await Front.start([near]);
		fronts.push(front);
		const p = await listen({ port: front.port }, 'cut', { relayUrl: front.url });
		await known('cut');
		await answers(far, '/cut/before');
		const body = randomBytes(24 << 20);
		app.scripts.set('/half', (r, response) => {
			response.write(body.subarray(0, 16 << 20));
			front.cut();
			response.end(body.subarray(16 << 20));
		});
		for (let i = 0; i < 3; i++) {
			const answer = await send(far.port, requestBytes('POST', '/cut/half', ['Host: localhost', 'Content-Length: 0']), { timeoutMs: 120_000 });
			assert.equal(answer.status, 200, answer.text.slice(0, 200));
			assert.equal(digest(answer.body), digest(body));
		}
		assert.doesNotMatch(near.err + far.err, /trunk_lost/);
		await p.stop('SIGINT');
		await Promise.all([near.stop('SIGTERM'), far.stop('SIGTERM')]);
		assert.doesNotMatch(holder.err, /tunnel_offline tunnel=far/, 'another client stays, however long it has been there');
	});

	test('a sender whose body comes slowly has its answer, though others overtake it', async () => {
		const slow = await Sender.connect(taker.port);
		await slow.write(requestBytes('POST', '/far/slow-body', ['Host: localhost', 'Content-Length: 10'], Buffer.from('first')));
		for (let i = 0; i < 3; i++) assert.equal((await post(taker.port, `/far/overtakes-${i}`)).status, 200);
		await slow.write('after');
		const answer = await slow.answer();
		assert.equal(answer.status, 200, answer.text);
		assert.equal((await app.got('/slow-body')).body.toString(), 'firstafter');
		await slow.end();
	});

	test('many at once', async () => {
		const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => post(taker.port, `/far/many-${i}`, `body ${i}`)));
		answers.forEach((answer, i) => assert.equal(`${answer.status} ${answer.text}`, `200 answer to /many-${i}`));
		for (let i = 0; i < 200; i++) assert.equal(app.count(`/many-${i}`), 1);
	});

	test('a client that does not read holds up no other, and gets all of it when it reads again', async () => {
		const p = await listen(holder, 'stalls');
		await known('stalls');
		await answers(taker, '/stalls/before');
		p.signal('SIGSTOP');
		const body = randomBytes(256 << 10);
		const waiting = Array.from({ length: 60 }, (_, i) => post(taker.port, `/stalls/n${i}`, body));
		const times = [];
		for (let i = 0; i < 100; i++) {
			const began = performance.now();
			assert.equal((await post(taker.port, `/far/beside-${i}`)).status, 200);
			times.push(performance.now() - began);
		}
		times.sort((a, b) => a - b);
		console.log(`# beside one that does not read: p50 ${times[50].toFixed(1)} ms, p99 ${times[98].toFixed(1)} ms`);
		assert.ok(times[98] < 1000, `p99 ${times[98]} ms`);
		p.signal('SIGCONT');
		for (const answer of await within('answers to all', Promise.all(waiting))) assert.ok([200, 202].includes(answer.status), answer.text);
		for (let i = 0; i < 60; i++) assert.equal(digest((await app.got(`/n${i}`)).body), digest(body));
		await p.stop('SIGINT');
	});

	test('it says at the taker that the client is gone, and takes what comes', async () => {
		const db = w.fresh('db');
		let p = await listen(holder, 'comes-and-goes', { db });
		await known('comes-and-goes');
		assert.equal((await post(taker.port, '/comes-and-goes/live')).status, 200);
		await p.stop('SIGINT');
		const answer = await waitFor('202 from the taker', async () => {
			const r = await post(taker.port, '/comes-and-goes/waits', 'kept');
			return r.status === 202 && r;
		});
		assert.ok(field(answer.lines, 'creel-event-id'));
		p = await listen(holder, 'comes-and-goes', { db });
		await app.got('/waits');
		await p.stop('SIGINT');
	});

	test('--share with clients at both nodes: each gets it, the first answer wins', async () => {
		const near = await startApp();
		fronts.push(near);
		const one = await listen(holder, 'shared', { args: ['--share'] });
		const two = await w.startClient({ relay: taker, target: near.port, name: 'shared', db: w.fresh('db'), env: { CREEL_TOKEN: secret }, args: ['--share'] });
		await waitFor('both to get one', async () => {
			const n = randomBytes(4).toString('hex');
			const r = await post(taker.port, `/shared/${n}`);
			assert.equal(r.status, 200, r.text);
			return app.count(`/${n}`) === 1 && near.count(`/${n}`) === 1;
		});
		await Promise.all([one.stop('SIGINT'), two.stop('SIGINT')]);
	});

	test('the holder is killed: the sender gets the app’s answer from where the client went, or 202; the app is called once', async () => {
		const third = await startNode(w, brokers, { args: grace });
		const front = await Front.start([third, taker]);
		fronts.push(front);
		const p = await listen({ port: front.port }, 'moves', { relayUrl: front.url });
		await known('moves');
		let answerNow;
		app.scripts.set('/slow', (r, response) => (answerNow = () => response.end('late')));
		await answers(taker, '/moves/before');
		const slow = post(taker.port, '/moves/slow', 'one');
		await waitFor('it at the app', () => answerNow);
		front.nodes = [taker];
		third.signal('SIGKILL');
		await third.end();
		const quick = await post(taker.port, '/moves/quick', 'two');
		assert.ok([200, 202].includes(quick.status), quick.text);
		const began = Date.now();
		const answer = await within('an answer to the first', slow, 8000);
		assert.equal(answer.status, 202, answer.text);
		console.log(`# 202 for what was being answered: ${Date.now() - began} ms after`);
		answerNow();
		await app.got('/quick');
		assert.equal(app.count('/slow'), 1);
		assert.equal(app.count('/quick'), 1);
		await p.stop('SIGINT');
	});

	test('a name that a node made up stays one when its client goes to another node', async () => {
		const third = await startNode(w, brokers, { args: grace });
		const front = await Front.start([third, taker]);
		fronts.push(front);
		const p = await w.startClient({ relay: { port: front.port }, relayUrl: front.url, target: app.port, db: w.fresh('db'), env: { CREEL_TOKEN: secret } });
		const name = p.tunnel;
		const record = await known(name);
		const madeUp = (bytes) => bytes[3 + bytes[2] + 8];
		assert.equal(madeUp(record), 1);
		front.nodes = [taker];
		third.signal('SIGKILL');
		await third.end();
		const moved = await waitFor('the record of where it is now', async () => {
			const now = await readRecord(brokers, `tunnel.${name}`);
			return !now.equals(record) && now;
		});
		assert.equal(madeUp(moved), 1);
		await answers(taker, `/${name}/after`);
		await p.stop('SIGINT');
	});

	test('a new run without a name has the one of the run before at any node, and what waits for it; one beside it has another', async () => {
		const front = await Front.start([holder]);
		fronts.push(front);
		const rest = { relay: { port: front.port }, relayUrl: front.url, target: app.port, db: w.fresh('db'), env: { CREEL_TOKEN: secret } };
		const first = await w.startClient(rest);
		await first.stop('SIGINT');
		assert.equal((await post(holder.port, `/${first.tunnel}/waited`, 'one')).status, 202);
		front.nodes = [taker];
		const second = await w.startClient(rest);
		assert.equal(second.tunnel, first.tunnel);
		await app.got('/waited');
		await second.stop('SIGINT');

		const stranger = (await w.run('creel-relay', ['token', 'add', 'stranger', '--data', holder.data])).text.trim();
		await waitFor('the token at the other node', async () => /stranger/.test((await w.run('creel-relay', ['token', 'list', '--data', taker.data])).text));
		const say = { public_key: randomBytes(32).toString('latin1') };
		const online = async (node, token = secret, others = say) => Tunnel.online(node.port, '', { token, say: others });
		const left = await online(holder);
		const name = left.welcome.tunnel;
		await left.leave();
		const others = [await online(taker, stranger), await online(taker, secret, { public_key: randomBytes(32).toString('latin1') })];
		const back = await online(taker);
		assert.equal(back.welcome.tunnel, name);
		for (const node of [holder, taker]) others.push(await online(node));
		assert.equal(new Set([name, ...others.map((t) => t.welcome.tunnel)]).size, 5);
		for (const t of [...others, back]) await t.leave();

		// Runs that begin at once: none is sent away for another.
		for (const nodes of [[holder, taker], [taker, taker], [taker, holder], [holder, holder], [taker, holder, taker]]) {
			const same = { public_key: randomBytes(32).toString('latin1') };
			await (await online(holder, secret, same)).leave();
			const runs = await Promise.all(nodes.map((node) => online(node, secret, same)));
			assert.equal(new Set(runs.map((t) => t.welcome.tunnel)).size, nodes.length);
			for (const t of runs) await known(t.welcome.tunnel);
			for (const t of runs) {
				t.ws.ping();
				await within('a pong', once(t.ws, 'pong'));
				assert.equal(t.over, undefined);
			}
			for (const t of runs) await t.leave();
		}
	});

	test('a run without a name at a node that knows its client: others hear of it, and a run at one of them takes another', async () => {
		const same = { public_key: randomBytes(32).toString('latin1') };
		const online = (node) => Tunnel.online(node.port, '', { token: secret, say: same });
		const first = await online(holder);
		const name = first.welcome.tunnel;
		await first.leave();
		const port = brokers.all[0].port;
		const ear = await hear(port, 'creel.whose');
		const again = await online(holder);
		assert.equal(again.welcome.tunnel, name);
		const word = await ear.message();
		assert.equal(word.reply, undefined, 'nobody is waited for');
		ear.close();
		await again.leave();
		await waitFor('another name', async () => {
			publish(port, 'creel.whose', word.text);
			const beside = await online(taker);
			await beside.leave();
			return beside.welcome.tunnel !== name;
		}, 30_000);
	});

	test('the holder hangs: 202 within 5 s and the grace, and the client is served elsewhere', async () => {
		const third = await startNode(w, brokers, { args: grace });
		const front = await Front.start([third, taker]);
		fronts.push(front);
		const p = await listen({ port: front.port }, 'hangs', { relayUrl: front.url, args: ['--ping-interval', '1s'] });
		await known('hangs');
		await answers(taker, '/hangs/before');
		front.nodes = [taker];
		third.signal('SIGSTOP');
		const began = Date.now();
		const answer = await within('an answer', post(taker.port, '/hangs/during', 'kept'), 10_000);
		assert.ok([200, 202].includes(answer.status), answer.text);
		console.log(`# ${answer.status} after ${Date.now() - began} ms`);
		await app.got('/during');
		third.signal('SIGCONT');
		await waitFor('webhooks to be answered', async () => (await post(taker.port, '/hangs/after')).status === 200);
		assert.equal(app.count('/during'), 1);
		await third.stop('SIGTERM');
		await p.stop('SIGINT');
	});

	test('the taker is killed: what it acknowledged comes when it is back', async () => {
		const db = w.fresh('db');
		let p = await listen(holder, 'kept', { db });
		await known('kept');
		const third = await startNode(w, brokers, { args: grace });
		await answers(third, '/kept/live');
		await p.stop('SIGINT');
		await waitFor('202', async () => (await post(third.port, '/kept/waits', 'kept')).status === 202);
		third.signal('SIGKILL');
		await third.end();
		p = await listen(holder, 'kept', { db });
		const again = await startNode(w, brokers, { data: third.data, args: grace });
		await connected(again);
		await app.got('/waits');
		await again.stop('SIGTERM');
		await p.stop('SIGINT');
	});

	test('the holder ends as it should: its clients go elsewhere and no sender fails', async () => {
		const third = await startNode(w, brokers, { args: grace });
		const front = await Front.start([third, taker]);
		fronts.push(front);
		const p = await listen({ port: front.port }, 'rolls', { relayUrl: front.url });
		await known('rolls');
		await answers(taker, '/rolls/before');
		front.nodes = [taker];
		let going = true;
		const all = [];
		const sending = (async () => {
			while (going) {
				all.push(await post(taker.port, `/rolls/n${all.length}`));
				await new Promise((resolve) => setImmediate(resolve));
			}
		})();
		await third.stop('SIGTERM');
		await waitFor('the client at the other node', async () => (await post(taker.port, '/rolls/after')).status === 200 && client);
		going = false;
		await sending;
		const failed = all.filter((r) => ![200, 202].includes(r.status));
		assert.deepEqual(failed.map((r) => `${r.status} ${r.text}`), []);
		for (let i = 0; i < all.length; i++) await app.got(`/n${i}`);
		await p.stop('SIGINT');
	});
});
