// listen --exec and --chaos, doctor, and the shells' completions, with the real programs.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, field, post } from './lib/http.mjs';

const lines = (file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);

/** An executable script in the world's folder. */
function script(w, text) {
	const file = w.fresh('script');
	writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
	return file;
}

describe('listen --exec beside an app', () => {
	let w, relay, app;
	before(async () => {
		w = new World();
		relay = await w.startRelay();
		app = w.keep(await Receiver.start({ answer: (request, socket) => socket.write('HTTP/1.1 201 Made\r\nContent-Length: 4\r\n\r\nmade') }));
	});
	after(() => w?.close());

	it('the command gets the record as JSON with the answer, and the variables; its output goes to stderr beside JSON', async () => {
		const dir = w.fresh('out');
		const command = script(w, `cat > ${dir}.json; printf '%s\\n' "$CREEL_ID" "$CREEL_EVENT_ID" "$CREEL_METHOD" "$CREEL_TARGET" "$CREEL_DB" "\${CREEL_TOKEN-none}" > ${dir}.env
			echo said this; echo and that >&2; ls /proc/self/fd > ${dir}.fd 2>/dev/null; echo over > ${dir}.over`);
		const c = await w.startClient({ relay, target: app.port, name: 'exec', args: ['--exec', command], env: { CREEL_TOKEN: 'creel_secret' } });
		assert.equal((await post(relay.port, '/exec/a?b=c', 'hello\0')).status, 201);
		await waitFor(() => `the command's end; ${c.err}`, () => existsSync(`${dir}.over`) && c.err.includes('and that'));
		const got = JSON.parse(readFileSync(`${dir}.json`, 'utf8'));
		const shown = JSON.parse(await w.creelOut(['show', String(got.id), '--json']));
		assert.deepEqual(got, shown);
		assert.equal(got.response.body, 'made');
		assert.equal(got.state, 'delivered');
		assert.equal(Buffer.from(got.request.body_base64, 'base64').toString('latin1'), 'hello\0');
		assert.deepEqual(lines(`${dir}.env`), [String(got.id), got.event_id, 'POST', '/a?b=c', w.path('data/creel/creel.db'), 'none']);
		assert.match(c.err, /said this/);
		assert.ok(c.events.every((event) => event.type), 'standard output is JSON alone');
		// 0, 1, 2, and the one that ls reads the folder by: no socket or database of ours.
		if (process.platform === 'linux') assert.equal(lines(`${dir}.fd`).length, 4, lines(`${dir}.fd`).join(' '));
		assert.deepEqual(await c.stop('SIGINT'), { code: 130, signal: null });
	});

	it('no shell: quotes make words, nothing is expanded; in lines its output is on stdout', async () => {
		const command = script(w, 'for word; do echo "<$word>"; done');
		const c = await w.startClient({ relay, target: app.port, name: 'words', output: 'lines', args: ['--exec', `${command} 'a $b' "c \\"d\\"" e\\ f '*' ~`] });
		await post(relay.port, '/words/', 'x');
		await waitFor(() => `the words in ${c.stdout}`, () => c.stdout.includes('<~>'));
		for (const word of ['<a $b>', '<c "d">', '<e f>', '<*>', '<~>']) assert.ok(c.stdout.includes(`${word}\n`), word);
		await c.stop('SIGINT');
	});

	it('a failure is one line and ends nothing; a command need not read', async () => {
		const marks = w.fresh('marks');
		const command = script(w, `exec <&-; echo $CREEL_TARGET >> ${marks}; case $CREEL_TARGET in /killed) kill -9 $$ ;; /bad) exit 7 ;; esac`);
		const c = await w.startClient({ relay, target: app.port, name: 'fails', args: ['--exec', command] });
		const big = 'x'.repeat(1 << 20);
		for (const target of ['/bad', '/killed', '/good']) assert.equal((await post(relay.port, `/fails${target}`, big)).status, 201);
		await waitFor(() => `three runs; ${lines(marks)} ${c.err}`, () => lines(marks).length === 3 && /signal 9/.test(c.err) && /status 7/.test(c.err));
		const rows = await w.list();
		const id = (target) => rows.find((r) => r.tunnel === 'fails' && r.target === target).id;
		assert.match(c.err, new RegExp(`delivery ${id('/bad')}: it ended with status 7`));
		assert.match(c.err, new RegExp(`delivery ${id('/killed')}: it was ended by signal 9`));
		await c.stop('SIGINT');
		assert.equal(c.err.match(/the command of --exec/g).length, 2, c.err);
	});

	it('four at once, the others wait their turn', async () => {
		const marks = w.fresh('marks'), go = w.fresh('go');
		const command = script(w, `echo start >> ${marks}; while [ ! -e ${go} ]; do sleep 0.02; done; echo end >> ${marks}`);
		const c = await w.startClient({ relay, target: app.port, name: 'four', args: ['--exec', command] });
		for (let i = 0; i < 9; i++) await post(relay.port, `/four/${i}`, 'x');
		await waitFor(() => `four starts; ${lines(marks)}`, () => lines(marks).length >= 4);
		await waitFor('nine calls on record', async () => (await w.list()).filter((r) => r.tunnel === 'four' && r.state === 'delivered').length === 9);
		writeFileSync(go, '');
		await waitFor(() => `nine ends; ${lines(marks)}`, () => lines(marks).filter((line) => line === 'end').length === 9);
		let now = 0, most = 0;
		for (const line of lines(marks)) most = Math.max(most, (now += line === 'start' ? 1 : -1));
		assert.equal(most, 4);
		await c.stop('SIGINT');
	});

	it('wrong commands → exit 2 with the reason', async () => {
		const relayArgs = ['--relay', `http://127.0.0.1:${relay.port}`];
		for (const [args, why] of [
			[['--exec', 'no-such-program-here'], /there is no program no-such-program-here/],
			[['--exec', 'cat | grep x'], /'\|', which only a shell knows/],
			[['--exec', 'echo $CREEL_ID'], /'\$', which only a shell knows/],
			[['--exec', 'echo "a'], /a " that is not closed/],
			[['--exec', '  '], /names no command/],
			[['--exec', 'true', '--route', '/x=3000'], /--route needs an app/],
			[['--exec', 'true', '--hold'], /--hold needs an app/],
		]) {
			const r = await w.creel(['listen', ...relayArgs, ...args]);
			assert.equal(r.code, 2, `${args} ${r.err}`);
			assert.match(r.err, why);
		}
	});
	it('all ends cleanly', () => w.endsCleanly());
});

describe('listen --exec in the place of an app', () => {
	let w, relay;
	before(async () => {
		w = new World();
		relay = await w.startRelay();
	});
	after(() => w?.close());

	it('the sender gets 202; the exit status is what became of it', async () => {
		const command = script(w, 'cat > /dev/null; test $CREEL_TARGET != /bad');
		const c = await w.startClient({ relay, name: 'alone', output: 'lines', args: ['--exec', command] });
		for (const target of ['/good', '/bad']) assert.equal((await post(relay.port, `/alone${target}`, 'x')).status, 202);
		const bad = await w.recorded((r) => r.target === '/bad' && r.state === 'failed');
		const good = await w.recorded((r) => r.target === '/good' && r.state === 'delivered');
		assert.deepEqual([good.status, good.attempts, bad.status, bad.attempts], [null, 0, null, 0]);
		assert.match(c.stdout.toString(), /POST .*\/good/);
		assert.match(await w.creelOut(['list']).then(String), /done .*POST .*\/good/);
		assert.equal((await w.creelOut(['show', String(good.id), '--json']).then(JSON.parse)).response, null);
		await c.stop('SIGINT');
	});

	it('what creel\'s end leaves is run by the next client of that name, oldest first', async () => {
		const marks = w.fresh('marks');
		const hangs = script(w, `echo $CREEL_TARGET >> ${marks}; exec sleep 1000`);
		let c = await w.startClient({ relay, name: 'again', args: ['--exec', hangs] });
		for (let i = 0; i < 6; i++) assert.equal((await post(relay.port, `/again/${i}`, 'x')).status, 202);
		await waitFor(() => `four runs: ${lines(marks)}`, () => lines(marks).length === 4);
		c.signal('SIGINT');
		c.signal('SIGINT');
		assert.deepEqual(await c.end(), { code: 130, signal: null });
		assert.match(c.err, /before the command of --exec was run for 2 deliveries/);
		c = await w.startClient({ relay, name: 'again', args: ['--exec', script(w, `echo $CREEL_TARGET >> ${marks}.2`)] });
		await waitFor(() => `six runs: ${lines(`${marks}.2`)}; ${c.err}`, () => lines(`${marks}.2`).length === 6);
		assert.deepEqual(lines(`${marks}.2`).sort(), [0, 1, 2, 3, 4, 5].map((i) => `/${i}`));
		await w.recorded((r) => r.target === '/5' && r.state === 'delivered');
		await c.stop('SIGINT');
	});
	it('all ends cleanly', () => w.endsCleanly());
});

/** The fates of chaos.c, written again: what a seed means must not change unnoticed. */
function behindOf(seed, number, reorder) {
	const mask = (1n << 64n) - 1n;
	const mix = (x) => {
		x = (x + 0x9e3779b97f4a7c15n) & mask;
		x = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
		x = ((x ^ (x >> 27n)) * 0x94d049bb133111ebn) & mask;
		return x ^ (x >> 31n);
	};
	return Number(mix((mix(mix(BigInt(seed)) ^ BigInt(number)) + 2n) & mask) % BigInt(reorder + 1));
}

describe('listen --chaos', () => {
	let w, relay, app;
	before(async () => {
		w = new World();
		relay = await w.startRelay();
		app = w.keep(await Receiver.start());
	});
	after(() => w?.close());

	const client = (name, spec, args = []) => w.startClient({ relay, target: app.port, name, args: ['--chaos', spec, ...args] });
	const attempts = (c) => c.events.filter((event) => event.type === 'attempt');
	const seen = (target) => app.requests.filter((r) => r.target === target);
	const tags = async (id) => (await w.run('sqlite3', ['-readonly', w.path('data/creel/creel.db'), `SELECT name FROM tag WHERE delivery_id = ${id} ORDER BY name`])).text.split('\n').slice(0, -1);

	it('duplicate: the app gets it twice with the same id, the sender one answer; --exec runs once', async () => {
		const marks = w.fresh('marks');
		const c = await client('twice', 'duplicate=100%,seed=1', ['--exec', script(w, `echo $CREEL_ID >> ${marks}`)]);
		assert.equal((await post(relay.port, '/twice/dup', 'body')).status, 200);
		await waitFor(() => `the command; ${c.err}`, () => lines(marks).length > 0);
		const [first, second] = seen('/dup');
		assert.equal(seen('/dup').length, 2);
		assert.equal(second.body.toString(), 'body');
		assert.equal(field(first.lines, 'creel-event-id') ?? field(first.lines, 'creel-delivery-id'), field(second.lines, 'creel-event-id') ?? field(second.lines, 'creel-delivery-id'));
		assert.deepEqual([field(first.lines, 'creel-attempt'), field(second.lines, 'creel-attempt')], ['1', '2']);
		const row = await w.recorded((r) => r.target === '/dup' && r.attempts === 2);
		assert.equal(row.state, 'delivered');
		assert.deepEqual(attempts(c).map((a) => [a.attempt, a.chaos]), [[1, undefined], [2, ['duplicate']]]);
		assert.deepEqual(await tags(row.id), ['chaos:duplicate']);
		await c.stop('SIGINT');
		assert.equal(lines(marks).length, 1);
	});

	it('fail: the sender gets the status, the app nothing', async () => {
		const c = await client('fails', 'fail=100%:503,badsig=100%,duplicate=100%,seed=1');
		const answer = await post(relay.port, '/fails/f', 'body', ['X-Hub-Signature-256: sha256=00112233445566778899']);
		assert.equal(answer.status, 503);
		const row = await w.recorded((r) => r.target === '/f' && r.status === 503);
		assert.equal(row.state, 'failed');
		assert.deepEqual(await tags(row.id), ['chaos:fail']);
		assert.deepEqual(attempts(c).map((a) => [a.status, a.url, a.chaos]), [[503, null, ['fail']]]);
		assert.match(attempts(c)[0].error, /the app was not called/);
		await c.stop('SIGINT');
		assert.deepEqual(seen('/f'), []);
	});

	it('badsig: one byte of the signature differs at the app; the record keeps the sender\'s', async () => {
		const c = await client('badsig', 'badsig=100%,seed=1');
		const signature = 'sha256=5f2c11aa5f2c11aa5f2c11aa5f2c11aa', other = 'X-Event: 1';
		await post(relay.port, '/badsig/s', 'body', [`X-Hub-Signature-256: ${signature}`, other]);
		const row = await w.recorded((r) => r.target === '/s' && r.state === 'delivered');
		const got = field(seen('/s')[0].lines, 'x-hub-signature-256');
		assert.equal(got.length, signature.length);
		assert.equal([...got].filter((letter, i) => letter !== signature[i]).length, 1);
		assert.ok(seen('/s')[0].lines.includes(other));
		assert.match(await w.creelOut(['show', String(row.id), '--headers']).then(String), new RegExp(signature));
		assert.deepEqual(await tags(row.id), ['chaos:badsig']);
		// Without a signature there is nothing to spoil, and nothing is marked.
		await post(relay.port, '/badsig/plain', 'body');
		const plain = await w.recorded((r) => r.target === '/plain' && r.state === 'delivered');
		assert.deepEqual(await tags(plain.id), []);
		await c.stop('SIGINT');
	});

	it('delay: not before its time; lines say so', async () => {
		const c = await w.startClient({ relay, target: app.port, name: 'slow', output: 'lines', args: ['--chaos', 'delay=300ms..400ms,seed=1'] });
		const from = performance.now();
		assert.equal((await post(relay.port, '/slow/d', 'body')).status, 200);
		assert.ok(performance.now() - from >= 300);
		await waitFor(() => `the line in ${c.stdout}`, () => /\/d {2}\(chaos: delay\)\n/.test(c.stdout));
		await c.stop('SIGINT');
	});

	it('the end of creel does not wait for a delay: what waits is called', async () => {
		const c = await client('ending', 'delay=10m,seed=1');
		const answer = post(relay.port, '/ending/e', 'body');
		await waitFor('its record', () => c.events.some((event) => event.type === 'delivery'));
		await c.stop('SIGINT');
		assert.equal((await answer).status, 200);
		assert.equal(seen('/e').length, 1);
	});

	it('reorder: the same seed gives the same order', async () => {
		await (await client('order', 'seed=1')).stop('SIGINT'); // the relay keeps what comes for a name it knows
		const count = 12;
		for (let i = 1; i <= count; i++) assert.equal((await post(relay.port, `/order/${i}`, 'x')).status, 202);
		const c = await client('order', 'reorder=4,seed=7', ['--drain-parallel', '100']);
		await waitFor(() => `${count} attempts; ${attempts(c).length}`, () => attempts(c).length === count);
		const targets = new Map(c.events.filter((event) => event.type === 'delivery').map((d) => [d.id, Number(d.target.slice(1))]));
		const got = attempts(c).sort((a, b) => (a.started_at < b.started_at ? -1 : 1)).map((a) => targets.get(a.id));
		const numbers = Array.from({ length: count }, (_, i) => i + 1);
		assert.deepEqual([...targets.values()], numbers);
		const expected = [...numbers].sort((a, b) => a + behindOf(7, a, 4) - (b + behindOf(7, b, 4)) || Number(behindOf(7, a, 4) > 0) - Number(behindOf(7, b, 4) > 0) || a - b);
		assert.notDeepEqual(expected, numbers);
		assert.deepEqual(got, expected);
		for (const a of attempts(c)) assert.deepEqual(a.chaos ?? [], behindOf(7, targets.get(a.id), 4) ? ['reorder'] : []);
		await c.stop('SIGINT');
	});

	it('without a seed one is told; wrong specs and no app → exit 2 naming the part', async () => {
		const c = await client('seedless', 'delay=1ms');
		await waitFor(() => `the seed in ${c.err}`, () => /chaos is on; seed=\d+ repeats it/.test(c.err));
		await c.stop('SIGINT');
		for (const [args, why] of [
			[['3000', '--chaos', 'duplicate=5%,fail=10:503'], /'fail=10:503' is wrong/],
			[['3000', '--chaos', 'dely=5s'], /no 'dely', did you mean delay/],
			[['--exec', 'true', '--chaos', 'fail=1%'], /--chaos needs an app/],
		]) {
			const r = await w.creel(['listen', '--relay', `http://127.0.0.1:${relay.port}`, ...args]);
			assert.equal(r.code, 2);
			assert.match(r.err, why);
		}
	});
	it('all ends cleanly', () => w.endsCleanly());
});
