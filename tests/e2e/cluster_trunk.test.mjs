// A webhook comes to one node of a cluster and the client is at another: it goes through byte for byte, and nothing that
// was acknowledged is lost when a node dies, hangs or ends.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { Brokers, connected, hasNats, readRecord, startNode } from './lib/cluster.mjs';
import { waitFor, within, World } from './lib/harness.mjs';
import { field, post, requestBytes, send, Sender } from './lib/http.mjs';

const digest = (bytes) => `${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')}`;

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

/** An app whose answers the tests script by path. */
async function startApp() {
	const app = { requests: [], scripts: new Map() };
	app.server = http.createServer((request, response) => {
		const pieces = [];
		request.on('data', (piece) => pieces.push(piece));
		request.on('end', () => {
			const r = { method: request.method, target: request.url, body: Buffer.concat(pieces), trailers: request.rawTrailers, headers: request.headers };
			app.requests.push(r);
			const script = app.scripts.get(request.url.split('?')[0]);
			if (script) script(r, response);
			else response.end(`answer to ${request.url}`);
		});
	});
	const sockets = new WebSocketServer({ noServer: true });
	app.server.on('upgrade', (q, socket, head) => sockets.handleUpgrade(q, socket, head, (s) => s.on('message', (m, binary) => s.send(m, { binary }))));
	app.server.listen(0, '127.0.0.1');
	await once(app.server, 'listening');
	app.port = app.server.address().port;
	app.got = (target) => waitFor(`${target} at the app`, () => app.requests.find((r) => r.target === target), 30_000);
	app.count = (target) => app.requests.filter((r) => r.target === target).length;
	app.close = () => (app.server.closeAllConnections(), app.server.close());
	return app;
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

	test('small ones: all methods, queries, and answers', async () => {
		for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
			const body = method === 'GET' ? Buffer.alloc(0) : randomBytes(1024);
			const answer = await send(taker.port, requestBytes(method, `/far/small?${method}`, ['Host: localhost', 'X-Odd:  a\tb ', `Content-Length: ${body.length}`], body));
			assert.equal(answer.status, 200, answer.text);
			assert.equal(answer.text, `answer to /small?${method}`);
			const r = await app.got(`/small?${method}`);
			assert.equal(r.method, method);
			assert.equal(digest(r.body), digest(body));
		}
	});

	test('10 MiB and 64 MiB, there and back', async () => {
		app.scripts.set('/large', (r, response) => response.end(r.body));
		for (const size of [10 << 20, 64 << 20]) {
			const body = randomBytes(size);
			const began = Date.now();
			const answer = await send(taker.port, requestBytes('POST', `/far/large?${size}`, ['Host: localhost', `Content-Length: ${size}`], body), { timeoutMs: 120_000 });
			assert.equal(answer.status, 200, answer.text.slice(0, 200));
			assert.equal(digest(answer.body), digest(body));
			assert.equal(digest((await app.got(`/large?${size}`)).body), digest(body));
			console.log(`# ${size >> 20} MiB there and back: ${Date.now() - began} ms`);
		}
		for (const node of [holder, taker]) assert.doesNotMatch(node.err, /trunk_lost/, 'nothing is lost on the way between two nodes that live');
	});

	test('a chunked body with trailers, answered by one with trailers', async () => {
		app.scripts.set('/trailers', (r, response) => {
			response.writeHead(207, { Trailer: 'X-Sum' });
			response.write('one');
			response.addTrailers({ 'X-Sum': '3' });
			response.end('two');
		});
		const answer = await send(taker.port, requestBytes('POST', '/far/trailers', ['Host: localhost', 'Transfer-Encoding: chunked', 'TE: trailers', 'Trailer: X-Checksum'],
			Buffer.from('5\r\nhello\r\n0\r\nX-Checksum: 9f\r\n\r\n')));
		assert.equal(answer.status, 207, answer.text);
		assert.equal(answer.text, 'onetwo');
		assert.deepEqual(answer.trailers, ['X-Sum: 3']);
		const r = await app.got('/trailers');
		assert.equal(r.body.toString(), 'hello');
		assert.deepEqual(r.trailers, ['X-Checksum', '9f']);
	});

	test('server-sent events, one by one; the app sees that the sender has gone', async () => {
		let stream, over = false;
		app.scripts.set('/sse', (r, response) => {
			response.writeHead(200, { 'Content-Type': 'text/event-stream' });
			response.flushHeaders();
			response.on('close', () => (over = true));
			stream = response;
		});
		const s = await Sender.connect(taker.port);
		await s.write(requestBytes('GET', '/far/sse', ['Host: localhost', 'Accept: text/event-stream']));
		await waitFor('the head at the sender', () => s.current);
		for (let i = 1; i <= 5; i++) {
			stream.write(`data: event ${i}\n\n`);
			await waitFor(`event ${i}`, () => s.partial.toString().endsWith(`data: event ${i}\n\n`));
		}
		await s.end();
		await waitFor('the end at the app', () => over);
	});

	test('a WebSocket, also as the first that comes for the tunnel', async () => {
		const p = await listen(holder, 'upgrades');
		await known('upgrades');
		const s = new WebSocket(`ws://127.0.0.1:${taker.port}/upgrades/socket`);
		await within('its opening', once(s, 'open'));
		const big = randomBytes(1 << 20);
		for (const m of ['hello', big]) {
			s.send(m);
			const [back] = await within('its echo', once(s, 'message'));
			assert.equal(digest(back), digest(Buffer.from(m)));
		}
		s.close(1000);
		await within('its end', once(s, 'close'));
		await p.stop('SIGINT');
	});

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
