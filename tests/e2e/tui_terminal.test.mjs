// What is done with deliveries, in a real terminal (tmux): replay, copy, export, delete, edit. Deliveries are in memory
// (tests/tools/tui_fake.c), which notes what it was asked for.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { binDir, removeFolder, waitFor } from './lib/harness.mjs';
import { Terminal } from './lib/tmux.mjs';

const fake = path.join(binDir, 'tui-fake');
const folder = mkdtempSync(path.join(tmpdir(), 'creel-deeds-'));
const temporary = path.join(folder, 'tmp');
mkdirSync(temporary);
// What was running writes its log when the terminal goes, perhaps meanwhile.
after(() => removeFolder(folder));
let t;
afterEach(() => t?.close());
let runs = 0;
const bar = /F10 ?Quit/;

async function start(args = [], { env = {}, ...options } = {}) {
	const log = path.join(folder, `log-${++runs}`);
	t = await Terminal.start({ command: [fake, '30', '--log', log, ...args], env: { TMPDIR: temporary, ...env }, ...options });
	await t.until(bar);
	return async () => {
		await t.keys('Q');
		if (/y +quit/.test(await t.screen())) await t.keys('y');
		await t.ended();
		return readFileSync(log, 'utf8');
	};
}

function script(name, text) {
	const file = path.join(folder, name);
	writeFileSync(file, `#!/bin/sh\n${text}\n`);
	chmodSync(file, 0o755);
	return file;
}

// What tmux holds, when it holds it.
const buffer = (want) => waitFor('tmux to hold what was copied', async () => {
	try {
		const text = await t.tmux('save-buffer', '-');
		return want.test(text) && text;
	} catch {
		return false; // no buffer yet
	}
});

describe('replay', () => {
	it('of one is sent at once, and said', async () => {
		const log = await start();
		await t.keys('k', 'r');
		await t.until(/#29 -> #31 /);
		await t.keys('G');
		const s = await t.until(/^> *R/m);
		assert.doesNotMatch(s, /replayed/);
		assert.match(await log(), /^replay 29$/m);
	});

	it('says what to start when nothing is forwarding', async () => {
		await start(['--offline']);
		await t.keys('r');
		await t.until(/nothing is forwarding: start `creel listen PORT`, then press r/);
	});

	it('of what is marked is asked first, shows how it goes, stays until Esc, and shows what it made', async () => {
		const log = await start(['--slow', '--target', 'app.example.com']);
		await t.keys('m', 'k', 'k', 'm', 'k', 'm', 'r');
		const s = await t.until(/replay 3 marked/);
		assert.match(s, /to app\.example\.com/);
		assert.match(s, /not on this machine: app\.example\.com/);
		await t.keys('n');
		await t.until(bar, { not: /replay 3 marked/ });
		await t.keys('r');
		await t.until(/replay 3 marked/);
		await t.keys('y');
		await t.until(/^ replayed .* 3\/3 {2}\d ok {2}\d failed.*Enter: show {2}Esc: close/m);
		await t.signal('SIGUSR1');
		await t.until(/online {2}36/);
		await t.until(/^ replayed /m);
		await t.keys('Enter');
		const shown = await t.until(/filter: is:replay id:>30/, { not: /replayed/ });
		await t.until((x) => x.split('\n').filter((l) => /^.{1,2}R/.test(l)).length === 3);
		assert.ok(shown);
		assert.match(await log(), /^replay of 3$/m);
	});

	it('of one alone is asked first where it leaves this machine', async () => {
		const log = await start(['--target', 'app.example.com']);
		await t.keys('r');
		const s = await t.until(/replay 1 delivery/);
		assert.match(s, /not on this machine: app\.example\.com/);
		await t.keys('n');
		await t.until(bar, { not: /replay 1 delivery/ });
		await t.keys('r');
		await t.until(/replay 1 delivery/);
		await t.keys('y');
		await t.until(/^ replayed .* 1\/1/m);
		assert.deepEqual((await log()).match(/^replay .*$/gm), ['replay 30'], 'and not when the answer was no');
	});

	it('of many is stopped by X, and of all that match by R', async () => {
		const log = await start(['300', '--slow']);
		await t.keys('R');
		await t.until(/there is no filter/);
		await t.keys('f');
		await t.type('push');
		await t.keys('Enter');
		await t.until(/filter: push/);
		await t.keys('R');
		await t.until(/replay 23 that match the filter/);
		await t.keys('Enter');
		await t.until(/^ replay +\[.*X: stop/m);
		await t.keys('q'); // asks, for one runs
		await t.until(/a replay is running/);
		await t.keys('Escape', 'X');
		const s = await t.until(/^ stopped /m);
		const [, sent] = /(\d+)\/23/.exec(s);
		assert.ok(Number(sent) < 23);
		await t.keys('Escape');
		await t.until(bar, { not: /stopped/ });
		assert.match(await log(), new RegExp(`^stop 2 after ${sent}$`, 'm'));
	});
});

describe('all that match', () => {
	it('are looked for until they are found, or Esc', async () => {
		const log = await start(['300', '--walk']);
		await t.keys('f');
		await t.type('push');
		await t.keys('Enter');
		await t.until(/filter: push/);
		await t.keys('R');
		await t.until(/looking for all that match: 12 so far \(Esc stops\)/);
		await t.keys('Escape');
		await t.until(/stopped: nothing was done/);
		await t.signal('SIGUSR1'); // the rest comes, and nobody wants it
		await t.until(/online {2}(\d+ of )?303/);
		assert.doesNotMatch(await t.screen(), /replay \d+ that match/);
		await t.until(/filter: push/); // Esc did not reach it
		await t.keys('R');
		await t.until(/12 so far/);
		await t.signal('SIGUSR1');
		await t.until(/replay 24 that match the filter/);
		await t.keys('n');
		assert.doesNotMatch(await log(), /replay/);
	});
});

describe('copy', () => {
	it('goes to tmux', async () => {
		await start();
		await t.keys('y', 'c');
		await t.until(/curl of #30 .*: to tmux's buffer/);
		assert.equal(await buffer(/./), 'curl of 1 from #30\n');
		await t.keys('k', 'F8');
		await t.until(/copy #29/);
		await t.keys('C');
		await buffer(/^curl-secrets of 1 from #29/);
		for (const [key, made] of [['u', /^url of/], ['b', /^body of/], ['h', /^headers of/], ['r', /^raw of/], ['i', /^29$/]]) {
			await t.keys('y', key);
			await buffer(made);
		}
	});

	it('goes to the terminal where there is no tmux to ask', async () => {
		await start([], { env: { TMUX: '' } });
		await t.keys('y', 'c');
		await t.until(/sent to the terminal \(OSC 52\), which may refuse it/);
		assert.equal(await buffer(/./), 'curl of 1 from #30\n');
	});

	it('goes to the configured command first, which may fail', async () => {
		const out = path.join(folder, 'taken');
		await start(['--clipboard', `tr a-z A-Z >'${out}'`]);
		await t.keys('y', 'c');
		await t.until(/with the configured command/);
		assert.equal(readFileSync(out, 'utf8'), 'CURL OF 1 FROM #30\n');
		await t.close();
		await start(['--clipboard', 'exit 3']);
		await t.keys('y', 'c');
		await t.until(/to tmux's buffer/);
	});

	it('goes to a file at last, which only the user can read', async () => {
		await start([], { term: 'vt100', columns: 160, env: { TMUX: '', DISPLAY: '', WAYLAND_DISPLAY: '' } });
		await t.keys('y', 'c');
		const s = await t.until(/there is no clipboard here/);
		const [, file] = /: in (\S+creel-copy-\w{6}):/.exec(s);
		assert.equal(readFileSync(file, 'utf8'), 'curl of 1 from #30\n');
		assert.equal(statSync(file).mode & 0o777, 0o600);
		rmSync(file);
	});

	it('goes on when a program is missing', async () => {
		await start([], { env: { TMUX: '', DISPLAY: ':0', PATH: folder } });
		await t.keys('y', 'c');
		await t.until(/which may refuse it/);
	});
});

describe('export', () => {
	it('asks for a name, and before it writes over a file', async () => {
		const log = await start();
		const file = path.join(folder, 'out.har');
		await t.keys('x', 'h');
		await t.until(/write to: creel-30\.har/);
		await t.keys('C-u');
		await t.type(file);
		await t.keys('Enter');
		await t.until(/#30 is in /);
		assert.equal(readFileSync(file, 'utf8'), 'har of 1 from #30\n');
		await t.keys('k');
		await t.keys(':');
		await t.type(`export har ${file}`);
		await t.keys('Enter');
		await t.until(/is there already/);
		assert.equal(readFileSync(file, 'utf8'), 'har of 1 from #30\n');
		await t.keys('o');
		await t.until(/#29 is in /);
		assert.equal(readFileSync(file, 'utf8'), 'har of 1 from #29\n');
		assert.deepEqual(readdirSync(folder).filter((f) => f.includes('.new')), []);
		await t.keys('x', 'h');
		await t.until(/write to: creel-29\.har/);
		await t.keys('C-u');
		await t.type('/nowhere/refused.har');
		await t.keys('Enter');
		await t.until(/cannot write .*refused/);
		await log();
	});

	it('as a collection of Postman or Insomnia', async () => {
		await start();
		await t.keys('x', 'p');
		await t.until(/write to: creel-30\.postman_collection\.json/);
		await t.keys('Escape', 'x', 'i');
		await t.until(/write to: creel-30\.insomnia\.json/);
	});

	it('of what is marked and of all that match', async () => {
		await start();
		const file = path.join(folder, 'two.sh'), all = path.join(folder, 'all.ndjson');
		await t.keys('m', 'k', 'k', 'm', 'x');
		await t.until(/export 2 marked/);
		await t.keys('c');
		await t.until(/write to: creel-28-30\.sh/);
		await t.keys('C-u');
		await t.type(file);
		await t.keys('Enter');
		await t.until(/2 deliveries are in/);
		assert.equal(readFileSync(file, 'utf8'), 'curl of 2 from #28\n');
		await t.keys('U', 'f');
		await t.type('push');
		await t.keys('Enter');
		await t.until(/filter: push/);
		await t.until((s) => s.split('\n').slice(3, 22).filter((l) => / push /.test(l)).length === 3);
		await t.keys('x');
		await t.until(/JSON lines, of all that match the filter/);
		await t.keys('J');
		await t.until(/write to: creel-3-29\.ndjson/);
		await t.keys('C-u');
		await t.type(all);
		await t.keys('Enter');
		await t.until(/3 deliveries are in/);
		assert.equal(readFileSync(all, 'utf8'), 'ndjson of 3 from #3\n');
	});
});

describe('delete', () => {
	it('only by its name, asked first, and Enter alone keeps', async () => {
		const log = await start();
		await t.keys(':');
		await t.type('delete');
		await t.keys('Enter');
		await t.until(/── delete #30 /);
		await t.keys('Enter');
		await t.until(bar, { not: /── delete/ });
		await t.until(/#30 /);
		await t.keys(':');
		await t.type('delete');
		await t.keys('Enter');
		await t.until(/── delete #30 /);
		await t.keys('y');
		await t.until(/#30 is deleted/);
		await t.until(/online {2}29/);
		assert.equal((await log()).match(/^delete/gm).length, 1);
	});
});

describe('edit and replay', () => {
	const left = () => readdirSync(temporary).filter((f) => f.startsWith('creel-edit'));

	it('shows what was changed and sends it', async () => {
		const log = await start(['--plain'], { env: { CREEL_EDITOR: 'sed -i -e s/4900/12900/ -e s/Host:.*/Host:\\ me/' } });
		await t.keys('e');
		let s = await t.until(/send #30 edited to localhost:3000/);
		assert.match(s, /^ *- Host: k3f9\.example\.dev/m);
		assert.match(s, /^ *\+ Host: me/m);
		assert.match(s, /^ *-   "amount": 4900,/m);
		assert.match(s, /^ *\+   "amount": 12900,/m);
		assert.equal(left().length, 1);
		assert.equal(statSync(path.join(temporary, left()[0])).mode & 0o777, 0o700);
		await t.keys('s');
		await t.until(/#30 -> #31 /);
		assert.deepEqual(left(), []);
		s = await log();
		assert.match(s, /^replay 30 edited$/m);
		assert.match(s, /^POST \/hooks\/stripe HTTP\/1\.1\nHost: me\n/m);
	});

	it('can be signed anew, or dropped', async () => {
		const log = await start(['--plain'], { env: { EDITOR: 'sed -i s/4900/4901/' } });
		await t.keys('e');
		await t.until(/re-sign and send/);
		await t.keys('r');
		await t.until(/-> #\d+ /);
		await t.keys('e');
		await t.until(/re-sign and send/);
		await t.keys('Escape');
		await t.until(/nothing was sent/);
		assert.deepEqual(left(), []);
		const s = await log();
		assert.match(s, /^replay 30 edited signed$/m);
		assert.equal(s.match(/edited/g).length, 1);
	});

	it('stays when it cannot be sent', async () => {
		await start(['--plain', '--offline'], { env: { EDITOR: 'sed -i s/4900/4901/' } });
		await t.keys('e');
		await t.until(/send #30 edited/);
		await t.keys('s');
		const s = await t.until(/nothing is forwarding/);
		assert.match(s, /send #30 edited/);
		assert.equal(left().length, 1);
		await t.keys('Escape');
		await t.until(/nothing was sent/);
		assert.deepEqual(left(), []);
	});

	it('sends nothing when nothing was changed, a newline at the end apart, or the editor failed', async () => {
		for (const [editor, said] of [
			['true', /#30 is unchanged: nothing was sent/],
			['sh -c \'echo >>"$1"\' sh', /#30 is unchanged: nothing was sent/],
			['sed -i s/4900/1/ "$1"; exit 7; :', /the editor ended with status 7: nothing was sent/],
			['no-such-editor', /status 127: nothing was sent/],
		]) {
			const log = await start(['--plain'], { env: { VISUAL: editor } });
			await t.keys('e');
			await t.until(said);
			assert.deepEqual(left(), []);
			assert.doesNotMatch(await log(), /replay/);
			await t.close();
		}
	});

	it('goes back to the line that cannot be understood', async () => {
		// The first time it breaks line 3, the second time it repairs it; called vi, it is told the line.
		const said = path.join(folder, 'said');
		mkdirSync(path.join(folder, 'bin'), { recursive: true });
		const vi = script('bin/vi', `echo "$*" >>'${said}'\nfor f; do :; done\nif grep -q broken "$f"; then sed -i -e 's/broken line/X-Fine: yes/' "$f"; else sed -i '3s/.*/broken line/' "$f"; fi`);
		const log = await start(['--plain'], { env: { CREEL_EDITOR: vi } });
		await t.keys('e');
		await t.until(/line 3: a header field is Name: value/);
		await t.keys('Enter');
		await t.until(/^ *\+ X-Fine: yes/m);
		await t.keys('s');
		await t.until(/-> #\d+ /);
		assert.match(readFileSync(said, 'utf8'), /^\/\S+request\.http\n\+3 \/\S+request\.http\n$/);
		assert.match(await log(), /^X-Fine: yes$/m);
	});

	it('leaves a body that is not text in a file beside', async () => {
		const editor = script('beside', 'd=$(dirname "$1"); grep -q "^< body.bin$" "$1" || exit 9; printf more >>"$d/body.bin"');
		const log = await start([], { env: { EDITOR: editor } });
		await t.keys('e');
		await t.until(/body: \d+ bytes before, \d+ now; the first difference is byte \d+/);
		await t.keys('s');
		await t.until(/-> #\d+ /);
		assert.match(await log(), /hi \x1b\]52;c;QUJD\x07"\n\}\nmore$/m);
	});

	it('gives the terminal to the editor and takes it again, stopped and continued, at another size', async () => {
		const before = path.join(folder, 'stty-before'), inside = path.join(folder, 'stty-inside');
		const editor = script('asks', `stty -a >'${inside}'\nread -r line\necho "you said $line"\nread -r line\nsed -i s/4900/777/ "$1"`);
		t = await Terminal.start({
			command: ['sh', '-c', `stty -a >'${before}'; exec '${fake}' 30 --plain --mouse`],
			shell: true,
			env: { TMPDIR: temporary, EDITOR: editor },
		});
		await t.until(bar);
		await t.keys('e');
		await waitFor('the editor', () => existsSync(inside) && readFileSync(inside, 'utf8').length > 100);
		assert.equal(await t.tmux('display-message', '-p', '#{mouse_any_flag}#{alternate_on}#{cursor_flag}'), '001\n');
		assert.equal(readFileSync(inside, 'utf8'), readFileSync(before, 'utf8'));
		await t.type('abc');
		await t.keys('Enter');
		await t.until(/you said abc/);
		await t.keys('C-z');
		await t.until(/Stopped/i);
		await t.type('fg');
		await t.keys('Enter');
		await t.until(/fg\n/);
		await t.resize(96, 30);
		await t.keys('Enter');
		const s = await t.until(/^ *\+   "amount": 777,/m);
		assert.ok(s.split('\n')[0].length > 90);
		await t.keys('Escape');
		await t.until(/nothing was sent/);
		await t.keys('k');
		await t.until(/#29 /);
	});

	it('ends with its folder when the inspector is ended meanwhile', async () => {
		await start(['--plain'], { env: { EDITOR: `sh -c 'echo here; sleep 60'` } });
		await t.keys('e');
		await t.until(/^here/m);
		assert.equal(left().length, 1);
		await t.signal('SIGINT'); // is the editor's
		await t.signal('SIGTERM');
		assert.equal(await t.ended(), '0');
		assert.deepEqual(left(), []);
	});
});

describe('the terminal', () => {
	for (const signal of ['SIGSEGV', 'SIGQUIT', 'SIGBUS'])
		it(`is whole again after ${signal}`, async () => {
			const pid = path.join(folder, 'pid'), before = path.join(folder, 'before'), behind = path.join(folder, 'behind');
			rmSync(behind, { force: true });
			const run = `stty -a >'${before}'; sh -c 'echo $$ >"${pid}"; exec "${fake}" 50 --mouse'; echo "it ended with $?"; stty -a >'${behind}'; read -r line; echo "I read $line"`;
			const env = { ASAN_OPTIONS: 'handle_segv=0:handle_sigbus=0:detect_leaks=0' };
			t = await Terminal.start({ command: ['sh', '-c', run], shell: true, env });
			await t.until(bar);
			await t.keys('f'); // pasting is on in a prompt
			await t.until(/filter: .*Tab: all fields\s*\n ?F1/);
			process.kill(Number(readFileSync(pid, 'utf8')), signal);
			await t.until(/it ended with 1[23]\d/, { not: bar });
			await waitFor('the modes', () => existsSync(behind) && readFileSync(behind, 'utf8'));
			assert.equal(readFileSync(behind, 'utf8'), readFileSync(before, 'utf8'));
			assert.equal(await t.tmux('display-message', '-p', '#{mouse_any_flag}#{alternate_on}#{cursor_flag}'), '001\n');
			await t.tmux('set-buffer', '-b', 'p', 'a line');
			await t.tmux('paste-buffer', '-p', '-b', 'p');
			await t.keys('Enter');
			await t.until(/^I read a line/m);
		});

	it('is taken again after a SIGSTOP, which nobody can catch', async () => {
		await start([], { shell: true });
		await t.keys('k');
		await t.until(/#29 /);
		const pid = Number(await t.tmux('display-message', '-p', '#{pane_pid}'));
		const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
		const [child] = children.map(Number);
		process.kill(-child, 'SIGSTOP');
		await t.until(/Stopped/);
		await t.type('fg');
		await t.keys('C-j'); // the terminal is still raw: Enter would be no line's end to this shell
		await t.until(/^> .*\n(.*\n)*.*#29 /m, { not: /Stopped|fg$/m });
		await t.keys('k');
		await t.until(/#28 /);
	});

	it('is drawn whole after a shower of sizes', async () => {
		await start(['--mouse']);
		await t.keys('k', 'k');
		await t.until(/#28 /);
		for (const [columns, rows] of [[40, 10], [200, 60], [32, 8], [81, 11], [120, 40], [40, 24], [80, 24]]) await t.resize(columns, rows);
		const whole = (s) => {
			const lines = s.split('\n');
			const rows = lines.slice(3, 22);
			return /^ creel .*(30|~)( deliveries)?$/.test(lines[0]) && bar.test(lines[23]) && /^ #28 /.test(lines[22]) &&
				rows.filter((l) => /^> /.test(l)).length === 1 && rows.every((l) => /^[> ] [-+!] 12:00:\d\d .{50,}$/.test(l));
		};
		await t.until(whole);
	});
});
