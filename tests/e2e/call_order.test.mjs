// The order in which the app is called when a client comes back: what an earlier run was cut off in, then what waited.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, field, post } from './lib/http.mjs';

describe('a client that was killed in the middle of calls', () => {
	let w, relay, app, hanging;
	before(async () => {
		w = new World();
		relay = await w.startRelay({ args: ['--resume-grace', '100ms'] });
		app = w.keep(await Receiver.start());
	});
	after(() => w?.close());
	const called = (again) => app.requests.map((r) => `${r.target} ${field(r.lines, 'Creel-Attempt')}`).slice(again);

	async function cut(name, args, { live }) {
		hanging = [];
		app.answer = (request, socket) => hanging.push(socket);
		const client = await w.startClient({ relay, target: app.port, name, args });
		const from = app.requests.length;
		const senders = [];
		for (const target of live) {
			senders.push(post(relay.port, `/${name}${target}`));
			await waitFor(`the app to be called for ${target}`, () => app.requests.slice(from).some((r) => r.target === target));
		}
		await client.stop('SIGKILL');
		for (const answer of await Promise.all(senders)) assert.equal(answer.status, 202);
		for (const target of ['/1', '/2', '/3']) assert.equal((await post(relay.port, `/${name}${target}`)).status, 202);
		return from + live.length;
	}

	it('--drain-parallel 1: what is called again is over before the first of the queue begins', async () => {
		const again = await cut('strict', ['--drain-parallel', '1'], { live: ['/0'] });
		// An app that takes its time: none may overtake.
		app.answer = (request, socket) => setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), 150);
		await w.startClient({ relay, target: app.port, name: 'strict', args: ['--drain-parallel', '1'] });
		await waitFor(() => `four calls; ${called(again)}`, () => called(again).length === 4);
		assert.deepEqual(called(again), ['/0 2', '/1 1', '/2 1', '/3 1']);
		for (const t of ['/0', '/1', '/2', '/3']) await w.recorded((r) => r.tunnel === 'strict' && r.target === t && r.state === 'delivered');
	});

	it('several that were cut keep their order among each other', async () => {
		const again = await cut('several', ['--drain-parallel', '1'], { live: ['/a', '/b', '/c'] });
		app.answer = (request, socket) => setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), request.target === '/a' ? 300 : 10);
		await w.startClient({ relay, target: app.port, name: 'several', args: ['--drain-parallel', '1'] });
		await waitFor(() => `six calls; ${called(again)}`, () => called(again).length === 6);
		assert.deepEqual(called(again), ['/a 2', '/b 2', '/c 2', '/1 1', '/2 1', '/3 1']);
	});

	it('without that, they are begun before the queue; a waiting sender waits for neither', async () => {
		const again = await cut('loose', [], { live: ['/0'] });
		const sockets = [];
		app.answer = (request, socket) => (request.target === '/0' ? sockets.push(socket) : socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
		await w.startClient({ relay, target: app.port, name: 'loose' });
		assert.equal((await post(relay.port, '/loose/live')).status, 200);
		await waitFor(() => `five calls; ${called(again)}`, () => called(again).length === 5);
		const order = called(again).map((c) => c.split(' ')[0]).filter((t) => t !== '/live');
		assert.equal(order[0], '/0');
		assert.deepEqual(order.slice(1).sort(), ['/1', '/2', '/3']);
		for (const s of sockets) s.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
		await w.recorded((r) => r.tunnel === 'loose' && r.target === '/0' && r.state === 'delivered');
	});

	it('ended by Ctrl-C while they wait: nothing is lost, and the order holds in the next run', async () => {
		const again = await cut('ended', ['--drain-parallel', '1'], { live: ['/0'] });
		app.answer = () => {};
		const client = await w.startClient({ relay, target: app.port, name: 'ended', args: ['--drain-parallel', '1'] });
		await waitFor('the first to be called again', () => called(again).length === 1);
		await w.recorded((r) => r.tunnel === 'ended' && r.target === '/1');
		client.signal('SIGINT');
		client.signal('SIGINT');
		await client.end();
		app.answer = null;
		await w.startClient({ relay, target: app.port, name: 'ended', args: ['--drain-parallel', '1'] });
		for (const t of ['/1', '/2', '/3']) await w.recorded((r) => r.tunnel === 'ended' && r.target === t && r.state === 'delivered');
		const order = called(again).map((c) => c.split(' ')[0]).filter((t) => t !== '/0');
		assert.deepEqual(order.slice(-3).sort(), ['/1', '/2', '/3']);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
