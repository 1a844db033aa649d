// The inspector with all that belongs to it: a relay, a client on a terminal (tmux), an app, a record.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { World, binDir, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';
import { Terminal } from './lib/tmux.mjs';

const creel = path.join(binDir, 'creel');
const bar = /F10 ?Quit/;
let w, app, relay, t;

before(async () => {
	w = new World();
	app = w.keep(await Receiver.start());
	relay = await w.startRelay();
});
afterEach(() => t?.close());
after(async () => {
	try {
		await w.endsCleanly();
	} finally {
		await w.close();
	}
});

// What a program on a terminal has to say of a sanitizer goes to files.
const environment = (home) => ({
	...Object.fromEntries(['HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'UBSAN_OPTIONS'].map((k) => [k, w.env[k]])),
	XDG_DATA_HOME: home,
	ASAN_OPTIONS: `exitcode=99:log_path=${home}.asan`,
});
const checkSanitizers = (home) => {
	const reports = readdirSync(path.dirname(home)).filter((f) => f.startsWith(`${path.basename(home)}.asan`));
	assert.deepEqual(reports.map((f) => readFileSync(path.join(path.dirname(home), f), 'utf8')), []);
};

async function listen(args = [], { before: front = [], env = {}, ...options } = {}) {
	const home = w.fresh('home'), ready = w.fresh('ready');
	const command = [...front, creel, 'listen', String(app.port), '--relay', `http://127.0.0.1:${relay.port}`, '--ready-file', ready, ...args];
	t = await Terminal.start({ command, env: { ...environment(home), ...env }, ...options });
	t.home = home;
	t.url = await waitFor('the ready file', () => existsSync(ready) && readFileSync(ready, 'utf8').trim());
	return t;
}

const hook = (name, body = '{"a":1}') => post(relay.port, `/${t.url.split('/').pop()}/${name}`, body, ['Content-Type: application/json']);
const list = (args = []) => w.list(1000, { args, env: { XDG_DATA_HOME: t.home } });

describe('creel listen on a terminal', () => {
	it('--ascii, --mouse and --color are the inspector’s', async () => {
		await listen(['--ascii', '--mouse', '--color', 'never']);
		const s = await t.until(/Waiting for the first webhook/);
		assert.doesNotMatch(s, /[^\x00-\x7f]/);
		assert.equal(await t.tmux('display-message', '-p', '#{mouse_any_flag}'), '1\n');
		assert.doesNotMatch(await t.tmux('capture-pane', '-e', '-p'), /\x1b\[[34][0-8]/);
	});

	it('shows the public URL, the state and what comes, and filters it', async () => {
		await listen();
		let s = await t.until(/ online /);
		assert.match(s, new RegExp(`${t.url} -> http://localho`));
		assert.match(s, /Waiting for the first webhook/);
		assert.ok(s.includes(`curl -d hello=world ${t.url}/test\n`));
		assert.equal((await hook('first')).status, 200);
		s = await t.until(/200 {2}POST .*\/first/);
		await hook('second?x=1');
		await hook('third');
		await t.until(/> .*\/third/);
		await t.keys('f');
		await t.type('path:/second');
		await t.keys('Enter');
		s = await t.until(/filter: path:\/second/, { not: /\/(first|third)/ });
		assert.match(s, /\/second/);
		await t.keys('f');
		await t.type(' AND(');
		await t.keys('Enter');
		await t.until(/^ +v\n filter: .* AND\($/m);
		await t.keys('Escape', 'Escape');
		await t.until(/\/first/);
		await t.keys('q');
		await t.until(/leave the inspector/);
		await t.keys('y');
		assert.equal(await t.ended(), '0');
		checkSanitizers(t.home);
	});

	it("says the provider's id of what is chosen, and the app's words", async () => {
		await listen([], { columns: 110 });
		await t.until(/ online: /);
		// What came takes the message away, no key is needed.
		await hook('stripe', '{"id":"evt_1Q8xZ","type":"invoice.paid"}');
		await t.until(/^ other evt_1Q8xZ {2}#1 {2}POST \/[^ ]*stripe {2}200 OK {2}[^ ]+ {2}signature none/m);
		await post(relay.port, `/${t.url.split('/').pop()}/gh`, '{}', ['X-GitHub-Event: push', 'X-GitHub-Delivery: 72d3162e-cc78']);
		await t.until(/^ github 72d3162e-cc78 {2}#2 {2}POST /m);
		await t.keys('k');
		await t.until(/^ other evt_1Q8xZ {2}#1 /m);
	});

	it('lays out XML between its tags, p shows it as it came', async () => {
		await listen();
		await t.until(/ online /);
		await post(relay.port, `/${t.url.split('/').pop()}/xml`, '<order><id>7</id><note> a  b</note></order>', ['Content-Type: text/xml']);
		await t.until(/200 {2}POST .*\/xml/);
		await t.keys('Enter');
		await t.until(/^ <order>\n {3}<id>7<\/id>\n {3}<note> a {2}b<\/note>\n <\/order>$/m);
		await t.keys('p');
		await t.until(/^ <order><id>7<\/id><note> a {2}b<\/note><\/order>$/m);
	});

	it('counts what a search finds in a long body, and keys are not held up by it', async () => {
		const lines = Array.from({ length: 24000 }, (_, i) => `line ${i} of a long body${i % 1000 ? '' : ', a needle'}`);
		await listen();
		await t.until(/ online /);
		await post(relay.port, `/${t.url.split('/').pop()}/long`, lines.join('\n'), ['Content-Type: text/plain']);
		await t.until(/200 {2}POST .*\/long/);
		await t.keys('Enter');
		await t.until(/^ line 0 of a long body, a needle/m);
		await t.keys('/');
		await t.type('a NEEDLE');
		await t.keys('Enter', 'n', 'n');
		await t.until(/^ \/a NEEDLE {2}3 of 24 /m);
		await t.keys('N', 'N', 'N');
		await t.until(/^ began again at the end: 24 of 24/m);
	});

	it('a replay asked for elsewhere goes through it', async () => {
		await listen();
		await t.until(/ online /);
		await hook('order');
		await t.until(/200 {2}POST .*\/order/);
		const before = app.requests.length;
		const r = await w.creel(['replay', '--last'], { env: { XDG_DATA_HOME: t.home } });
		assert.equal(r.code, 0, r.err);
		assert.match(r.text, /\(replay of 1\)/);
		assert.equal(app.requests.length, before + 1);
		await t.until(/R- .*200 {2}POST .*\/order/);
		const again = app.requests.at(-1);
		assert.ok(again.lines.some((l) => /^creel-attempt: 1$/i.test(l)), again.lines.join('\n'));
		await t.signal('SIGTERM');
		assert.equal(await t.ended(), '0');
		checkSanitizers(t.home);
	});

	it('goes on in lines when left so', async () => {
		await listen();
		await t.until(/ online /);
		await hook('before');
		await t.until(/\/before/);
		await t.keys('q');
		await t.until(/go on in lines/);
		await t.keys('l');
		let s = await t.until(/-> http:\/\/localhost/, { not: bar });
		assert.ok(s.includes(t.url));
		assert.equal((await hook('behind')).status, 200);
		s = await t.until(/200 +POST .*\/behind/);
		assert.doesNotMatch(s, /\/before/);
		await t.keys('C-c');
		assert.equal(await t.ended(), '130');
		checkSanitizers(t.home);
	});

	// Six that are replayed; the app answers no replay before it is told to.
	async function beginReplays() {
		const held = [];
		let hold = false;
		const write = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
		app.answer = (request, socket) => (hold ? held.push(socket) : write(socket));
		await listen();
		await t.until(/ online /);
		for (let i = 0; i < 6; i++) await hook(`again${i}`);
		await t.until(/200 {2}POST .*\/again5/);
		hold = true;
		const from = app.requests.length;
		for (let i = 0; i < 6; i++) await t.keys('m', 'k');
		await t.until(/ 6 marked/);
		await t.keys('r');
		await t.until(/replay 6/);
		await t.keys('y');
		await t.until(/ replay .*0\/6/);
		await waitFor('the first ones to be sent', () => app.requests.length > from);
		await t.keys('q');
		await t.until(/a replay is running/);
		return { from, release: () => { hold = false; held.splice(0).forEach(write); } };
	}

	it('replays begun inside go on when it goes on in lines, and are told there', async () => {
		try {
			const { from, release } = await beginReplays();
			await t.keys('l');
			await t.until(/-> http:\/\/localhost/, { not: bar });
			await t.until(/^creel: a replay goes on: 0 of 6 are sent$/m, { scrolled: true });
			release();
			const s = await t.until(/^creel: the replay is over: 6 of 6 sent, 6 ok, 0 failed$/m, { scrolled: true });
			assert.equal(app.requests.length, from + 6);
			for (let i = 0; i < 6; i++) assert.match(s, new RegExp(`200 .*/again${i} .*\\(replay of \\d\\)`));
			await t.keys('C-c');
			assert.equal(await t.ended(), '130');
			checkSanitizers(t.home);
		} finally {
			app.answer = null;
		}
	});

	it('stops such replays when it ends, from lines and from inside', async () => {
		for (const lines of [true, false]) {
			try {
				const { from, release } = await beginReplays();
				await t.keys(lines ? 'l' : 'y');
				if (lines) {
					await t.until(/a replay goes on/, { scrolled: true });
					await t.keys('C-c');
					await t.until(/stopped: \d of 6 sent/, { scrolled: true });
				}
				release();
				assert.equal(await t.ended(), lines ? '130' : '0');
				assert.ok(app.requests.length < from + 6, `${app.requests.length - from} were sent`);
				checkSanitizers(t.home);
				await t.close();
			} finally {
				app.answer = null;
			}
		}
	});

	it('gives the terminal back on SIGTERM, SIGINT, SIGHUP and when the relay refuses it', async () => {
		const alternate = async () => (await t.tmux('display', '-p', '#{alternate_on}')).trim();
		for (const [signal, status] of [['SIGTERM', '0'], ['SIGINT', '130'], ['SIGHUP', '0'], ['C-c', '130']]) {
			const pid = w.fresh('pid');
			await listen([], { shell: true, before: ['sh', '-c', `echo $$ >${pid}; exec "$@"`, 'sh'] });
			await t.until(/ online /);
			assert.equal(await alternate(), '1');
			if (signal === 'C-c') await t.keys(signal);
			else process.kill(Number(readFileSync(pid, 'utf8')), signal);
			await waitFor('the screen to be given back', async () => (await alternate()) === '0');
			await t.type('echo status=$?; stty -a');
			await t.keys('Enter');
			const s = await t.until(/status=\d+[^]*icanon[^]*extproc/);
			assert.match(s, new RegExp(`status=${status}\\b`), signal);
			for (const mode of ['icanon', 'echo', 'isig', 'icrnl']) assert.match(s, new RegExp(`(^| )${mode}\\b`, 'm'), signal);
			checkSanitizers(t.home);
			await t.close();
		}
		await listen(['--name', 'taken']);
		await t.until(/ online /);
		const first = t;
		await listen(['--name', 'taken']);
		await t.until(/ online /);
		assert.equal(await first.ended(), '3');
		assert.match(await first.screen('-S', '-'), /^creel: the relay .* ended the tunnel taken: a newer client/m);
		first.close();
	});

	it('ends with 130 on C-c, as it does on SIGINT', async () => {
		await listen();
		await t.until(/ online /);
		await t.keys('C-c');
		assert.equal(await t.ended(), '130');
		checkSanitizers(t.home);
	});

	it('goes on when C-c is typed to the editor it started', async () => {
		const interrupted = w.fresh('interrupted'), editor = w.fresh('editor');
		// No shell script: dash loses a signal that comes between its looking for one and its read().
		const script = `process.on('SIGINT', () => { require('fs').writeFileSync('${interrupted}', ''); process.exit(1); });
			process.stdin.resume(); console.log('editing');`;
		writeFileSync(editor, `#!${process.execPath}\n${script}\n`, { mode: 0o755 });
		await listen([], { env: { EDITOR: editor } });
		await t.until(/ online /);
		await hook('edited');
		await t.until(/200 {2}POST .*\/edited/);
		await t.keys('e');
		await t.until(/^editing/m);
		await t.keys('C-c');
		await t.until(/the editor ended with status 1: nothing was sent/);
		assert.ok(existsSync(interrupted));
		assert.equal((await hook('behind')).status, 200);
		await t.until(/200 {2}POST .*\/behind/);
		await t.keys('C-c');
		assert.equal(await t.ended(), '130');
		checkSanitizers(t.home);
	});

	it('says so when the relay is away, and when it is back', async () => {
		const other = await w.startRelay();
		const ready = w.fresh('ready'), home = w.fresh('home');
		t = await Terminal.start({
			command: [creel, 'listen', String(app.port), '--relay', `http://127.0.0.1:${other.port}`, '--ready-file', ready],
			columns: 120,
			env: environment(home),
		});
		await t.until(/online \d+(\.\d+)?(us|µs|ms)|online <1ms|online 0\.\dms/);
		await other.stop('SIGKILL');
		await t.until(/offline|connecting/, { not: / online / });
		await w.startRelay({ port: other.port, data: other.data });
		await t.until(/ online /);
		await t.keys('q', 'y');
		assert.equal(await t.ended(), '0');
		checkSanitizers(home);
	});

	it('is not there without a terminal, and lines are', async () => {
		const c = await w.startClient({ relay, target: app.port, output: 'auto' });
		await waitFor('a line', () => c.stdout.toString().includes(`${c.url} -> http://localhost:${app.port}`));
		await c.stop('SIGINT');
		const r = await w.creel(['listen', '3000', '--relay', `http://127.0.0.1:${relay.port}`, '--output', 'ui']);
		assert.equal(r.code, 2);
		assert.match(r.err, /--output lines/);
		await assert.rejects(Terminal.start({ command: [creel, 'listen', '1'], term: 'dumb' }).then(async (d) => {
			t = d;
			await t.until(bar, { ms: 300 });
		}));
	});

	it('creel dev has it as well, and leaves nothing on the screen but it', async () => {
		const home = w.fresh('home'), ready = w.fresh('ready');
		t = await Terminal.start({
			command: [creel, 'dev', String(app.port), '--port', '0', '--ready-file', ready],
			env: environment(home),
		});
		const url = await waitFor('the ready file', () => existsSync(ready) && readFileSync(ready, 'utf8').trim());
		await t.until(/ online /, { not: /Try it/ });
		await post(Number(new URL(url).port), '/dev/hi', 'hello');
		await t.until(/POST .*\/hi/);
		await t.keys('q', 'l');
		await t.until(/Try it: {2}curl/);
		await t.keys('C-c');
		assert.equal(await t.ended(), '130');
		checkSanitizers(home);
	});
});

describe('creel ui', () => {
	it('opens what a search finds when Enter is typed before it is found', async () => {
		const home = w.fresh('home');
		const c = await w.startClient({ relay, target: app.port, env: { XDG_DATA_HOME: home } });
		for (const name of ['wanted', 'other', 'last']) await post(relay.port, `/${c.tunnel}/${name}`, 'x');
		t = await Terminal.start({ command: [creel, 'ui'], env: environment(home) });
		await t.until(/> .*\/last/);
		// In one go: they are read together, before the search can have an answer.
		await t.tmux('send-keys', '/', 'w', 'a', 'n', 't', 'e', 'd', 'Enter', 'Enter');
		await t.until(/POST \/\S*wanted HTTP\/1\.1/);
		await t.keys('q');
		await t.until(/> .*\/wanted/);
		await t.tmux('send-keys', '/', 'n', 'o', 'n', 'e', 'Enter', 'Enter');
		await t.until(/nothing in the list has "none"/);
		await t.until(/> .*\/wanted/);
		await t.keys('Enter');
		await t.until(/POST \/\S*wanted HTTP\/1\.1/);
		await t.keys('q', 'q');
		assert.equal(await t.ended(), '0');
		checkSanitizers(home);
		await c.stop('SIGINT');
	});

	it('outlives the client that it shows, says that it is gone, and sees the next one', async () => {
		const home = w.fresh('home'), env = { XDG_DATA_HOME: home };
		const first = await w.startClient({ relay, target: app.port, name: 'outlived', env });
		t = await Terminal.start({ command: [creel, 'ui'], columns: 120, env: environment(home) });
		await t.until(/ online /);
		await post(relay.port, '/outlived/before', '{}');
		await t.until(/200 {2}POST .*\/before/);
		await first.stop('SIGKILL');
		await t.until(/no client/, { not: / online / });
		await t.keys('r');
		await t.until(/nothing is forwarding: start `creel listen PORT`/);
		const next = await w.startClient({ relay, target: app.port, name: 'outlived', env });
		await t.until(/ online /, { not: /no client/ });
		await post(relay.port, '/outlived/after', '{}');
		await t.until(/200 {2}POST .*\/after/);
		await next.stop('SIGINT');
		await t.keys('q');
		assert.equal(await t.ended(), '0');
		checkSanitizers(home);
	});

	it('shows what another process records, and that one’s state', async () => {
		const home = w.fresh('home');
		const c = await w.startClient({ relay, target: app.port, env: { XDG_DATA_HOME: home } });
		const send = (name) => post(relay.port, `/${c.tunnel}/${name}`, 'x');
		await send('one');
		await w.recorded((d) => d.status === 200, { env: { XDG_DATA_HOME: home } });
		t = await Terminal.start({ command: [creel, 'ui'], env: environment(home) });
		let s = await t.until(/\/one/);
		assert.ok(s.includes(c.url), s);
		await t.until(/ online /);
		await send('two');
		await t.until(/> .*\/two/);
		await t.keys('k');
		await t.until(/PAUSED/);
		await send('three');
		await t.until(/1 new below/);
		await t.keys('G');
		await t.until(/> .*\/three/);
		await c.stop('SIGINT');
		await t.until(/\/three/, { not: / online / });
		await t.keys('q');
		assert.equal(await t.ended(), '0');
		await t.close();
		// Begun with a filter, and with one that is none.
		t = await Terminal.start({ command: [creel, 'ui', 'path:/t*'], env: environment(home) });
		s = await t.until(/filter: path:\/t\*/, { not: /\/one/ });
		await t.until(/\/two[^]*\/three/);
		await t.keys('C-c');
		assert.equal(await t.ended(), '130');
		assert.doesNotMatch(await t.screen(), /creel:/);
		checkSanitizers(home);
		await t.close();
		t = await Terminal.start({ command: [creel, 'ui', 'sttus:500'], env: environment(home) });
		assert.equal(await t.ended(), '2');
		assert.match(await t.screen('-S', '-'), /column 1/);
	});

	it('sends a replay where it went, when no client runs', async () => {
		const home = w.fresh('home'), env = { XDG_DATA_HOME: home };
		const c = await w.startClient({ relay, target: app.port, env });
		await post(relay.port, `/${c.tunnel}/sent`, 'x');
		await w.recorded((d) => d.status === 200, { env });
		await c.stop('SIGINT');
		const before = app.requests.length;
		t = await Terminal.start({ command: [creel, 'ui'], env: environment(home) });
		await t.until(/> .*\/sent/);
		await t.keys('r');
		await t.until(/R- .*200 {2}POST .*\/sent/);
		assert.equal(app.requests.length, before + 1);
		await t.keys('q');
		assert.equal(await t.ended(), '0');
		checkSanitizers(home);
		for (const [how, status] of [[() => t.keys('C-c'), '130'], [() => t.signal('SIGINT'), '130'], [() => t.signal('SIGTERM'), '0'], [() => t.keys('Q'), '0']]) {
			await t.close();
			t = await Terminal.start({ command: [creel, 'ui'], env: environment(home) });
			await t.until(/^>R- .*\/sent/m);
			await how();
			assert.equal(await t.ended(), status, String(how));
			checkSanitizers(home);
		}
	});

	it('says in one sentence what it needs', async () => {
		const r = await w.creel(['ui']);
		assert.equal(r.code, 2);
		assert.equal(r.err, 'creel: creel ui needs a terminal; `creel list` shows the same in lines\n');
		const home = w.fresh('home');
		t = await Terminal.start({ command: [creel, 'ui'], env: environment(home) });
		assert.equal(await t.ended(), '4');
		assert.match((await t.screen('-S', '-')).replaceAll('\n', ''), /nothing was recorded there yet, start `creel listen`/);
		await t.close();
		t = await Terminal.start({ command: [creel, 'ui'], term: 'dumb', env: environment(home) });
		assert.equal(await t.ended(), '2');
		assert.match(await t.screen('-S', '-'), /creel list/);
	});
});

describe('a job', () => {
	it('is done once, and by the next client when the first is killed', async () => {
		const home = w.fresh('home'), env = { XDG_DATA_HOME: home };
		const slow = w.keep(await Receiver.start());
		const seen = () => slow.requests.length;
		const c = await w.startClient({ relay, target: slow.port, name: 'jobs', env });
		await post(relay.port, '/jobs/pay', 'x');
		await w.recorded((d) => d.status === 200, { env });
		slow.answer = () => {}; // none comes
		const asked = w.spawn('creel', ['replay', '--last', '--json'], { env });
		await waitFor('the app to be called', () => seen() === 2);
		// Who asked sees nothing of the time in which no client lives: then it would take the job back.
		asked.signal('SIGSTOP');
		await c.stop('SIGKILL');
		slow.answer = null;
		const next = await w.startClient({ relay, target: slow.port, name: 'jobs', env });
		await waitFor('the app to be called again', () => seen() === 3);
		asked.signal('SIGCONT');
		assert.equal((await asked.end()).code, 0, asked.err);
		const [replay] = asked.events;
		assert.equal(replay.status, 200);
		assert.equal(replay.attempts, 2);
		assert.equal((await w.creel(['replay', '--last'], { env })).code, 0);
		const all = await w.list(100, { env });
		assert.ok(all.every((d) => d.state === 'delivered' || d.state === 'failed'), JSON.stringify(all));
		assert.equal(seen(), 4);
		await next.stop('SIGINT');
	});
});
