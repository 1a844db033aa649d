// What waits for one client lies at several nodes of a cluster: it is handed out as one queue, so much at once as the client
// asked for, and what waits everywhere counts against --spool-max-bytes.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { Brokers, hasNats, readRecord, startNode } from './lib/cluster.mjs';
import { waitFor, within, World } from './lib/harness.mjs';
import { post } from './lib/http.mjs';

/** Notes the numbers it is called for, and how many calls were under way at once. */
async function startApp(delayMs = 0) {
	const app = { numbers: [], now: 0, most: 0, gate: null };
	app.server = http.createServer((request, response) => {
		request.resume();
		request.on('end', async () => {
			const number = /^\/n(\d+)/.exec(request.url)?.[1];
			if (!number) {
				response.end();
				return;
			}
			app.numbers.push(Number(number));
			app.most = Math.max(app.most, ++app.now);
			await app.gate?.(Number(number));
			setTimeout(() => {
				app.now--;
				response.end();
			}, delayMs);
		});
	});
	app.server.listen(0, '127.0.0.1');
	await once(app.server, 'listening');
	app.port = app.server.address().port;
	app.close = () => (app.server.closeAllConnections(), app.server.close());
	return app;
}

const ascending = (numbers) => [...numbers].sort((a, b) => a - b);

describe('a backlog at several nodes', { skip: hasNats ? false : 'nats-server is not installed' }, () => {
	const w = new World();
	const apps = [];
	let brokers, nodes, secret;

	const listen = (relay, app, name, more = {}) => w.startClient({ relay, target: app.port, name, env: { CREEL_TOKEN: secret }, ...more });
	const newApp = async (delayMs) => (apps.push(await startApp(delayMs)), apps.at(-1));
	const answered = (node, path, ...statuses) =>
		waitFor(`${path} to be answered by ${statuses}`, async () => statuses.includes((await post(node.port, path)).status), 30_000);

	/** A client that all nodes know, and that has left them. */
	async function known(app, name) {
		const db = w.fresh('db');
		const p = await listen(nodes[0], app, name, { db });
		await waitFor(`the record of ${name}`, () => readRecord(brokers, `tunnel.${name}`));
		for (const node of nodes) await answered(node, `/${name}/before`, 200);
		await p.stop('SIGINT');
		for (const node of nodes) await answered(node, `/${name}/between`, 202);
		return db;
	}

	/** Numbered webhooks, one after another, to the nodes in turn. */
	async function fill(name, count, from = 0) {
		for (let i = from; i < from + count; i++) {
			const r = await post(nodes[(i * 7 + (i >> 2)) % nodes.length].port, `/${name}/n${i}`, `body ${i}`);
			assert.equal(r.status, 202, r.text);
		}
	}
	const nodeOf = (i) => (i * 7 + (i >> 2)) % 3;

	before(async () => {
		brokers = await Brokers.start(w, 1);
		nodes = [];
		const args = ['--resume-grace', '1s'];
		for (let i = 0; i < 3; i++) nodes.push(await startNode(w, brokers, { args }));
		secret = (await w.run('creel-relay', ['token', 'add', 'me', '--data', nodes[0].data])).text.trim();
		for (const node of nodes)
			await waitFor('the token at each node', async () => /me/.test((await w.run('creel-relay', ['token', 'list', '--data', node.data])).text));
	});
	after(async () => {
		for (const app of apps) app.close();
		await w.close();
	});

	test('--drain-parallel 1: in the order of receipt, at whichever node the client comes back', async () => {
		for (const at of [0, 2]) {
			const app = await newApp(), name = `order-${at}`;
			const db = await known(app, name);
			await fill(name, 60);
			const p = await listen(nodes[at], app, name, { db, args: ['--drain-parallel', '1'] });
			await waitFor(() => `all of them at the app (${app.numbers.length})`, () => app.numbers.length === 60, 30_000);
			assert.deepEqual(app.numbers, ascending(app.numbers));
			assert.equal(app.most, 1);
			await p.stop('SIGINT');
		}
	});

	test('while it is handed out, a node is killed, and another one comes back', async () => {
		const app = await newApp(5), name = 'dies';
		const db = await known(app, name);
		await fill(name, 60);
		let killed;
		app.gate = async (number) => {
			if (number !== 15) return;
			app.gate = null;
			nodes[1].signal('SIGKILL');
			killed = nodes[1].end();
		};
		const p = await listen(nodes[0], app, name, { db, args: ['--drain-parallel', '1'] });
		const there = ascending(Array.from({ length: 60 }, (_, i) => i).filter((i) => nodeOf(i) !== 1));
		await waitFor(() => `all of the nodes that are there (${app.numbers})`, () => there.every((i) => app.numbers.includes(i)), 60_000);
		await within('its end', killed);
		assert.deepEqual(app.numbers, ascending(app.numbers), 'strict while it is there and after');
		const before = app.numbers.length;
		nodes[1] = await startNode(w, brokers, { data: nodes[1].data, args: ['--resume-grace', '1s'] });
		await waitFor(() => `all of them (${app.numbers})`, () => app.numbers.length === 60, 60_000);
		const late = app.numbers.slice(before);
		assert.deepEqual(late, ascending(late));
		assert.equal(new Set(app.numbers).size, 60);
		await p.stop('SIGINT');
	});

	test('--drain-parallel 3: never more than that at once in sum', async () => {
		const app = await newApp(20), name = 'sum';
		const db = await known(app, name);
		await fill(name, 45);
		const p = await listen(nodes[1], app, name, { db, args: ['--drain-parallel', '3'] });
		await waitFor(() => `all of them at the app (${app.numbers.length})`, () => app.numbers.length === 45, 30_000);
		assert.equal(app.most, 3);
		// A node that stands still is overtaken, for only with 1 do the others wait for it; what is its own keeps its order, about.
		for (const node of nodes.keys()) {
			const its = app.numbers.filter((i) => nodeOf(i) === node);
			ascending(its).forEach((i, place) => assert.ok(Math.abs(its.indexOf(i) - place) <= 6, `not far out of its place: ${app.numbers}`));
		}
		await p.stop('SIGINT');
	});

	test('--spool-max-bytes counts what waits at the others, also while they are away, and after a start', async () => {
		const args = ['--resume-grace', '1s', '--spool-max-bytes', '64KiB'];
		const small = [await startNode(w, brokers, { args }), await startNode(w, brokers, { args })];
		const app = await newApp(), name = 'full', db = w.fresh('db');
		let p;
		for (const [tunnel, record] of [['marker', w.fresh('db')], [name, db]]) {
			p = await listen(small[0], app, tunnel, { db: record });
			for (const node of small) await answered(node, `/${tunnel}/before`, 200);
			await p.stop('SIGINT');
			for (const node of small) await answered(node, `/${tunnel}/between`, 202);
		}
		const body = randomBytes(20 << 10);
		for (let i = 0; i < 3; i++) assert.equal((await post(small[0].port, `/${name}/n${i}`, body)).status, 202);
		const alone = await post(small[0].port, `/${name}/n3`, body);
		assert.equal(alone.status, 503, alone.text);
		// The other is told a moment later, in order: once it knows of what came after that, it knows. What it takes until then is no harm there.
		for (let i = 0; i < 3; i++) assert.equal((await post(small[0].port, `/marker/${i}`, body)).status, 202);
		await waitFor('the other to know', async () => (await post(small[1].port, '/marker/more', body)).status === 503, 1000);
		const other = await post(small[1].port, `/${name}/n4`, body);
		assert.equal(other.status, 503, other.text);
		assert.equal(other.text.replace(/[0-9a-f-]{36}/g, ''), alone.text.replace(/[0-9a-f-]{36}/g, ''));
		small[0].signal('SIGKILL');
		await small[0].end();
		await waitFor('it to be gone', () => /event=node_gone/.test(small[1].err), 40_000);
		assert.equal((await post(small[1].port, `/${name}/n5`, body)).status, 503, 'its last word counts');
		small[1].signal('SIGKILL');
		await small[1].end();
		small[1] = await startNode(w, brokers, { data: small[1].data, args });
		let last;
		await waitFor(() => `what fits to be taken: ${last.status} ${last.text}\n${small[1].err}`, async () => {
			last = await post(small[1].port, `/${name}/n6`, 'little');
			return last.status === 202;
		}, 30_000);
		assert.equal((await post(small[1].port, `/${name}/n7`, body)).status, 503, 'and after a start of the one that counts');
		small[0] = await startNode(w, brokers, { data: small[0].data, args });
		p = await listen(small[1], app, name, { db });
		await waitFor(() => `what waited there (${app.numbers})`, () => [0, 1, 2].every((i) => app.numbers.includes(i)), 30_000);
		await p.stop('SIGINT');
		await waitFor('room again', async () => (await post(small[1].port, `/${name}/n8`, body)).status === 202, 10_000);
		await Promise.all(small.map((node) => node.stop('SIGTERM')));
	});
});
