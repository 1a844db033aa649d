// Filters on the command line: list, replay --where, wait and prune, with the real programs.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

const status = (target) => Number(/\/s(\d{3})/.exec(target)?.[1] ?? 200);

function answer(request, socket) {
	const body = `answered ${request.target}`;
	socket.write(`HTTP/1.1 ${status(request.target)} X\r\nContent-Type: text/plain\r\nX-App: yes\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

const sent = [
	['/hooks/stripe/s200?tenant=7', '{"id":"evt_1","data":{"object":{"id":"cus_1042","amount":4900}}}', ['X-Request-Id: abc']],
	['/hooks/github/s500', 'a refund was made', []],
	['/hooks/github/s404', '{"ref":"refs/heads/main"}', ['X-Request-Id: abcd']],
	['/other/s503', 'x'.repeat(20_000), []],
];

async function openFilled() {
	const road = await openRoad({ name: 'filter', answer });
	for (const [target, body, lines] of sent) await post(road.relay.port, `/filter${target}`, body, lines);
	for (const [target] of sent) await road.w.recorded((r) => r.target === target && ['delivered', 'failed'].includes(r.state));
	return road;
}

/** The numbers that `creel list` gives for a filter. */
async function ids(w, ...args) {
	const { code, text } = await w.creel(['list', '--json', ...args]);
	assert.equal(code, text || args.length === 0 ? 0 : 1);
	return text.split('\n').filter(Boolean).map((line) => JSON.parse(line).id);
}

describe('list and replay by filter', () => {
	let road;
	before(async () => {
		road = await openFilled();
	});
	after(() => road?.w.close());

	it('list FILTER: what matches, newest last', async () => {
		const expected = [
			['status:5xx', [2, 4]], ['status:>=400 -status:503', [2, 3]], ['state:delivered', [1]], ['path:/hooks/*', [1, 2, 3]],
			['target:*tenant=7', [1]], ['header:x-request-id=abc', [1]], ['header:x-request-id', [1, 3]], ['header.res:x-app=yes id:1', [1]],
			['body:cus_1042', [1]], ['json:data.object.amount>=4900', [1]], ['refund OR tenant=7', [1, 2]], ['size:>10k', [4]],
			['path:/s4[0-9]+$/', [3]], ['since:1h method:post', [1, 2, 3, 4]], ['before:1h', []], ['tunnel:filter took:<1h id:>3', [4]],
		];
		for (const [filter, found] of expected) assert.deepEqual(await ids(road.w, filter), found, filter);
	});

	it('in words, by --filter, behind --, with -n', async () => {
		assert.deepEqual(await ids(road.w, 'status:5xx', 'path:/hooks/*'), [2]);
		assert.deepEqual(await ids(road.w, '--filter', '-status:5xx'), [1, 3]);
		assert.deepEqual(await ids(road.w, '--', '-status:5xx'), [1, 3]);
		assert.deepEqual(await ids(road.w, '-n', '1', 'status:5xx'), [4]);
		const both = await road.w.creel(['list', '--filter', 'a', 'b']);
		assert.equal(both.code, 2);
		assert.match(both.err, /^creel: .*not by both/);
	});

	it('a wrong filter: a sentence, the filter and a caret, exit 2', async () => {
		for (const args of [['list'], ['wait'], ['prune'], ['replay', '--where']]) {
			const r = await road.w.creel([...args, 'path:/x stauts:5xx']);
			assert.equal(r.code, 2);
			assert.equal(r.text, '');
			assert.equal(r.err, 'creel: the filter\'s column 9: there is no field stauts:, did you mean status:?\npath:/x stauts:5xx\n        ^\n');
		}
		const hostile = await road.w.creel(['list', 'status:\x1b]0;x\x07']);
		assert.equal(hostile.code, 2);
		assert.ok(!/[\x00-\x09\x0b-\x1f]/.test(hostile.err), hostile.err);
	});

	it('replay --where: each that matches once, oldest first; no replays of replays', async () => {
		const replay = async (...args) => (await road.w.creelOut(['replay', '--json', ...args])).toString('utf8').split('\n').filter(Boolean)
			.map((line) => JSON.parse(line).replay_of);
		assert.deepEqual(await replay('--where', 'status:5xx'), [2, 4]);
		assert.deepEqual(await ids(road.w, 'is:replay'), [5, 6]);
		assert.deepEqual(await replay('--where', 'status:5xx'), [2, 4]);
		assert.deepEqual(await replay('--where', 'status:>=400', '--last', '2'), [3, 4]);
		const none = await road.w.creel(['replay', '--where', 'is:replay']);
		assert.equal(none.code, 1);
		assert.match(none.err, /^creel: no delivery matches \(replays and refused ones do not count\); `creel list FILTER` shows what does\n$/);
		const both = await road.w.creel(['replay', '--where', 'status:5xx', '1']);
		assert.equal(both.code, 2);
		assert.match(both.err, /not both/);
	});
});

describe('wait', () => {
	let road;
	before(async () => {
		road = await openRoad({ name: 'wait', answer });
		await post(road.relay.port, '/wait/early/s200');
		await road.w.recorded((r) => r.target === '/early/s200' && r.state === 'delivered');
	});
	after(() => road?.w.close());

	it('ends with 0 when enough came, printing each', async () => {
		const waiting = road.w.spawn('creel', ['wait', 'path:/one/*', '--count', '2', '--timeout', '60s', '--json']);
		await post(road.relay.port, '/wait/two/s200');
		// It may not have begun yet: deliveries are sent until it has what it wants.
		let ended = false;
		const end = waiting.end(60_000).finally(() => { ended = true; });
		for (let n = 0; !ended; n++) {
			await post(road.relay.port, `/wait/one/s201?${n}`);
			await Promise.race([end, new Promise((done) => setTimeout(done, 30))]);
		}
		const { code } = await end;
		assert.equal(code, 0);
		const rows = waiting.events;
		assert.equal(rows.length, 2);
		for (const row of rows) assert.deepEqual([row.path, row.state, row.status], ['/one/s201', 'delivered', 201]);
		assert.equal(rows[1].id, rows[0].id + 1);
	});

	it('--since all: what is there counts', async () => {
		const r = await road.w.creel(['wait', 'path:/early/*', '--since', 'all', '--timeout', '20s']);
		assert.equal(r.code, 0);
		assert.match(r.text, /POST.*\/early\/s200/);
	});

	it('exit 1 when the time is up, naming how many came', async () => {
		const r = await road.w.creel(['wait', 'path:/early/*', '--since', 'all', '--count', '2', '--timeout', '50ms', '--json']);
		assert.equal(r.code, 1);
		assert.equal(r.err, 'creel: the time is up: 1 of 2 deliveries came that match\n');
		assert.equal(JSON.parse(r.text).path, '/early/s200');
		assert.equal((await road.w.creel(['wait', 'path:/early/*', '--timeout', '0s'])).code, 1);
	});

	it('waits for a store that is not there yet', async () => {
		const w = new World();
		try {
			const waiting = w.spawn('creel', ['wait', '--since', 'all', '--timeout', '60s', '--json']);
			const relay = await w.startRelay();
			await w.startClient({ relay, target: road.app.port, name: 'new' });
			await post(relay.port, '/new/first');
			assert.equal((await waiting.end(60_000)).code, 0);
			assert.equal(waiting.events[0].target, '/first');
		} finally {
			await w.close();
		}
	});

	it('Ctrl-C: 130', async () => {
		const waiting = road.w.spawn('creel', ['wait', 'path:/early/*', '--since', 'all', '--count', '2', '--timeout', '60s', '--json']);
		await waitFor('the first match', () => waiting.events.length === 1);
		assert.equal((await waiting.stop('SIGINT')).code, 130);
	});

	it('wrong usage: exit 2', async () => {
		for (const args of [['--count', '0'], ['--since', 'tomorrow'], ['--timeout', 'soon']]) {
			const r = await road.w.creel(['wait', 'status:5xx', ...args]);
			assert.equal(r.code, 2, args.join(' '));
			assert.match(r.err, /^creel: /);
		}
	});
});

describe('prune', () => {
	let road;
	before(async () => {
		road = await openFilled();
	});
	after(() => road?.w.close());

	it('nothing is as old as 30 days', async () => {
		assert.match((await road.w.creelOut(['prune'])).toString(), /^0 deliveries deleted, 0 made free for others, \d+k in use\n$/);
		assert.deepEqual(await ids(road.w), [1, 2, 3, 4]);
	});

	it('--dry-run deletes none', async () => {
		assert.equal((await road.w.creelOut(['prune', '--dry-run', 'status:5xx'])).toString(), '1 delivery would be deleted\n');
		assert.deepEqual(await ids(road.w), [1, 2, 3, 4]);
		assert.equal((await road.w.creel(['prune', '--dry-run', '--max-size', '1MiB'])).code, 2);
		assert.equal((await road.w.creel(['prune', '--max-size', '0'])).code, 2);
	});

	it('beside a running client: what matches, or is older', async () => {
		assert.equal((await road.w.creelOut(['prune', 'status:5xx', '--keep', '1h'])).toString().split(',')[0], '0 deliveries deleted');
		const r = JSON.parse(await road.w.creelOut(['prune', 'status:5xx', '--json']));
		// 4 is the newest: it stays, so that its number is not given again.
		assert.equal(r.deleted, 1);
		// The client beside it fills its index of words meanwhile, which may take some pages.
		assert.ok(r.bytes_after <= r.bytes_before + 64 * 1024, `${r.bytes_before} -> ${r.bytes_after}`);
		assert.deepEqual(await ids(road.w), [1, 3, 4]);
		await post(road.relay.port, '/filter/new/s200');
		await road.w.recorded((row) => row.target === '/new/s200' && row.state === 'delivered');
		assert.deepEqual(await ids(road.w, 'new'), [5]);
		assert.equal(JSON.parse(await road.w.creelOut(['prune', '--keep', '0s', '--json'])).deleted, 3);
		assert.deepEqual(await ids(road.w), [5]);
	});

	it('a store that is not there: exit 4, and none is made', async () => {
		const db = road.w.path('nothing', 'creel.db');
		for (const args of [['prune'], ['list', 'x']]) {
			const r = await road.w.creel([...args, '--db', db]);
			assert.equal(r.code, 4);
			assert.match(r.err, /^creel: .*No such file/);
		}
	});
});

describe('what a running client lets go', () => {
	const w = new World();
	after(() => w.close());

	it('is older than --keep, is told in a sentence, and nothing else goes', async () => {
		const db = w.path('kept.db'), file = w.path('old.ndjson');
		const one = (n, at) => JSON.stringify({ event_id: `019ab12c-4d5e-7f3a-8b6c-0d1e2f30415${n}`, received_at: at, tunnel: 'kept', method: 'POST', target: `/old/${n}`, request: { headers: [['Host', 'x']], body: 'b' } });
		writeFileSync(file, [one(1, '2020-01-01T00:00:00Z'), one(2, '2021-01-01T00:00:00Z'), one(3, new Date().toISOString())].join('\n') + '\n');
		await w.creelOut(['import', file, '--db', db]);
		const relay = await w.startRelay();
		const client = await w.startClient({ relay, target: 9, name: 'kept', db, args: ['--keep', '7d'] });
		await waitFor('the sentence', () => /2 old deliveries deleted \(2 by --keep, 0 by --max-size\)/.test(client.err));
		assert.deepEqual((await w.list(10, { args: ['--db', db] })).map((r) => r.target), ['/old/3']);
		assert.equal((await client.stop('SIGINT')).code, 130);
		client.checkSanitizers();
	});

	it('is nothing with --keep 0', async () => {
		const db = w.path('ever.db'), file = w.path('old.ndjson'); // of the test before
		await w.creelOut(['import', file, '--db', db]);
		const relay = await w.startRelay();
		const client = await w.startClient({ relay, target: 9, name: 'ever', db, args: ['--keep', '0', '--max-size', '0'] });
		await client.stop('SIGINT');
		assert.equal((await w.list(10, { args: ['--db', db] })).length, 3);
	});
});
