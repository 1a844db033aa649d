// Every byte the inspector writes to a terminal while it shows what senders would like a terminal to do: only what
// terminfo says of the terminal, a few sequences of our own, and plain characters.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { binDir, removeFolder, waitFor, within } from './lib/harness.mjs';
import { NO_GPM } from './lib/tmux.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'creel-bytes-'));
after(() => removeFolder(folder));

// A capability of terminfo as a regular expression of what it can become.
function pattern(capability) {
	let out = '';
	let text = capability.replace(/\$<[^>]*>/g, '');
	while (text) {
		let m;
		if ((m = /^%(?::?[-+# ]*\d*(?:\.\d+)?([doxXs])|(c))/.exec(text))) out += m[1] === 's' ? '[ -~]*?' : m[2] ? '[^\\x1b]' : '[0-9a-fA-F]*';
		else if ((m = /^%\?/.exec(text))) out += '(?:';
		else if ((m = /^%t/.exec(text))) out += '';
		else if ((m = /^%e/.exec(text))) out += '|';
		else if ((m = /^%;/.exec(text))) out += '|)';
		else if ((m = /^%%/.exec(text))) out += '%';
		else if ((m = /^%(?:p\d|[Pg][a-zA-Z]|'.'|\{\d+\}|[-+*/m&|^=><AOi!~l])/.exec(text))) out += '';
		else if ((m = /^\\[Ee]/.exec(text))) out += '\\x1b';
		else if ((m = /^\\([0-7]{3})/.exec(text))) out += `\\x${parseInt(m[1], 8).toString(16).padStart(2, '0')}`;
		else if ((m = /^\\n/.exec(text))) out += '\\n';
		else if ((m = /^\\r/.exec(text))) out += '\\r';
		else if ((m = /^\\b/.exec(text))) out += '\\x08';
		else if ((m = /^\\t/.exec(text))) out += '\\t';
		else if ((m = /^\\s/.exec(text))) out += ' ';
		else if ((m = /^\\(.)/.exec(text))) out += `\\x${m[1].charCodeAt(0).toString(16)}`;
		else if ((m = /^\^(.)/.exec(text))) out += `\\x${(m[1].charCodeAt(0) & 31).toString(16).padStart(2, '0')}`;
		else if ((m = /^%/.exec(text))) throw new Error(`not understood: ${text} in ${capability}`);
		else out += (m = /^[^]/.exec(text))[0].replace(/[^\w ]/, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
		text = text.slice(m[0].length);
	}
	return out;
}

// What goes to the terminal by them: not keys, which come from it, nor what answers a question, asks, prints or resets.
const NEVER = /^(k[A-Za-z0-9]|u[0-9]$|mc|is\d|rs\d|if$|rf$|iprog|acsc|wingo|bel$|flash$|E3|Ss|Se|Ms|TS|fsl|tsl|dsl|x[mM]$|XR|RV|rv|xr|BE|BD|PS|PE|fe|fd|hpa_)/;
function capabilities(term) {
	const list = execFileSync('infocmp', ['-1', '-x', term], { encoding: 'latin1' });
	const out = [];
	for (const m of list.matchAll(/^\t([A-Za-z0-9_]+)=(.*),$/gm))
		if (!NEVER.test(m[1]) && /\\[Ee]|\^|\\\d|\\[nrbt]/.test(m[2])) out.push(pattern(m[2].replace(/^%p1%c/, ''))); // of rep: what follows the character
	return out;
}

const OURS = ['\\x1b\\[\\?2004[hl]', '\\x1b\\[\\?1000[hl]', '\\x1b\\[\\?1006;1000[hl]', '\\x1b\\[\\?1006[hl]', '\\x1b\\]11;\\?\\x1b\\\\', '\\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\\x1b\\\\', '\\x1b\\[16t', '\\x1b\\[c'];
const OSC52 = '\\x1b\\]52;c;[A-Za-z0-9+/]*=*\\x07';
// Control characters and what shifts or hides text: text.h's gate has names for them.
const FORBIDDEN = /[\u0080-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufe00-\ufe0f\u{e0000}-\u{e007f}]/u;

// Gives the text that was shown and the sequences; throws at the first byte that is neither.
function dissect(bytes, term, { clipboard = false } = {}) {
	const controls = [...capabilities(term), ...OURS, ...(clipboard ? [OSC52] : [])].map((p) => new RegExp(p, 'y'));
	const text = bytes.toString('latin1');
	const sequences = new Map();
	let plain = '';
	for (let at = 0; at < text.length; ) {
		const c = text.charCodeAt(at);
		if (c >= 0x20 && c !== 0x7f) {
			plain += text[at++];
			continue;
		}
		let longest = /[\r\n\x08]/.test(text[at]) ? 1 : 0;
		for (const r of controls) {
			r.lastIndex = at;
			longest = Math.max(longest, r.exec(text)?.[0].length ?? 0);
		}
		if (!longest) throw new Error(`byte ${at}: ${JSON.stringify(text.slice(at, at + 40))} is nothing ${term} knows; before it ${JSON.stringify(text.slice(Math.max(0, at - 60), at))}`);
		const sequence = text.slice(at, at + longest);
		sequences.set(sequence, (sequences.get(sequence) ?? 0) + 1);
		at += longest;
	}
	return { plain: Buffer.from(plain, 'latin1'), sequences };
}

class Pty {
	constructor(args, { term, locale, columns = 100, rows = 30, env = {} }) {
		this.out = [];
		this.child = spawn(path.join(binDir, 'pty-run'), [columns, rows, path.join(binDir, 'tui-fake'), ...args], {
			env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, TZ: 'UTC', TERM: term, LC_ALL: locale, ...NO_GPM, ...env },
			stdio: ['pipe', 'pipe', 'inherit'],
		});
		this.child.stdout.on('data', (d) => this.out.push(d));
		this.child.stdin.on('error', () => {});
		this.ended = new Promise((resolve) => this.child.on('close', resolve));
	}

	get bytes() {
		return Buffer.concat(this.out);
	}

	write(keys) {
		this.child.stdin.write(keys);
	}

	// Draws everything anew until the last of it, the key bar, is there and no delivery is still being read.
	async settle(last = /F10 ?Quit/, what = '') {
		for (const end = Date.now() + 20_000; ; ) {
			const from = this.bytes.length;
			const drawn = () => this.bytes.subarray(from).toString('latin1').replace(/\x1b\(B|\x1b\[[0-9;]*m|\x0f/g, '');
			this.write('\x0c');
			await waitFor(`${last} in what was drawn ${what}`, () => last.test(drawn()));
			if (!/reading\.\.\./.test(drawn())) return this.bytes.subarray(from);
			assert.ok(Date.now() < end, `still being read ${what}`);
			await new Promise((r) => setTimeout(r, 100)); // drawn too often it reads nothing
		}
	}

	async press(...keys) {
		for (const k of keys) {
			this.write(k);
			await this.settle(undefined, `after ${JSON.stringify(k)}`);
		}
	}
}

const long = [['xterm-256color', 'C.UTF-8'], ['tmux-256color', 'C.UTF-8'], ['linux', 'C.UTF-8'], ['vt100', 'C'], ['xterm-256color', 'C']];
describe('the bytes of a terminal', () => {
	it('are of the theme that fits what the terminal says its background is', async () => {
		const asks = /\x1b\]11;\?\x1b\\/;
		const light = /48;5;253m/;
		const dark = /48;5;236m/;
		for (const [answer, args, env, theme] of [
			['\x1b]11;rgb:ffff/ffff/ffff\x1b\\', [], {}, light],
			['\x1b]11;rgb:fdfd/f6f6/e3e3\x07', [], { COLORFGBG: '15;0' }, light],
			['\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\', [], { COLORFGBG: '0;15' }, dark],
			['\x1b]11;rrrrrr\x07', [], { COLORFGBG: '0;15' }, light],
			['', [], {}, dark],
			['', ['--theme', 'light'], {}, light],
			['', ['--theme', 'contrast'], {}, /48;5;226m/],
			['', ['--theme', '16'], {}, /\x1b\[[0-9;]*33m/],
			['\x1b]11;rgb:ffff/ffff/ffff\x1b\\', ['--theme', '16'], {}, /\x1b\[[0-9;]*35m/],
			['', ['--theme', 'mono'], {}, /\x1b\[[0-9;]*7m/],
		]) {
			const what = JSON.stringify([answer, args, env]);
			const p = new Pty(['20', ...args], { term: 'xterm-256color', locale: 'C.UTF-8', env });
			await waitFor(`the list, ${what}`, () => /F10/.test(p.bytes.toString('latin1')));
			assert.equal(asks.test(p.bytes.toString('latin1')), !args.length || args[1] === '16', what);
			await p.settle(undefined, what);
			const from = p.bytes.length;
			p.write(`${answer}\x0c`);
			await waitFor(`its theme, ${what}`, () => theme.test(p.bytes.subarray(from).toString('latin1')));
			assert.doesNotMatch(p.bytes.subarray(from).toString('latin1'), /sending/, what);
			p.write('Qy');
			assert.equal(await within('the end', p.ended), 0);
		}
	});

	for (const [term, locale] of long)
		it(`are ${term}'s own in ${locale}, whatever is shown`, async () => {
			const p = new Pty(['60', '--hostile', '--target', '\x1b]0;CANARY\x07localhost'], { term, locale });
			await p.settle();
			// The list: up, a page, marks, a prompt with what somebody pasted, a search for it, the palette.
			await p.press('k', 'k', '\x02', 'm', 'g', 'G', 'v', 't', 'v');
			await p.press('/\x1b[200~\x1b]0;CANARY\x07\x9b31m\xc2\x9b\x1b[201~\r', 'n');
			await p.press('f\x1b[200~nonsense(\x07\x1b]52;c;CANARY\x1b\\\x1b[201~');
			await p.press('\x15CANARY\r');
			await p.press('\x15\r', '\x1b', ':', '\x1b');
			// Sheets: what was marked is replayed; a file that cannot be written is named.
			await p.press('r', 'n', 'x', '\x1b', 'y', '\x1b');
			// Three deliveries with all tabs, pretty, hex, folded, searched; a diff; help.
			for (let i = 0; i < 3; i++) {
				await p.press('\r', '2', '3', '4', 'H', '1', '\x06', 'G', 'p', 'H', 'H', 'Z', '<', '>', 'w', '/CANARY\r', 'n', ']', '\x1b', 'k');
			}
			// What is decoded: queries, cookies, tokens, events, fields, images.
			await p.press('\r', ...'[[[[[[[[[[[[[[G', '\x1b');
			// What the user gave: notes and tags, to be seen and to be changed; all columns, sorted by one.
			await p.press(':set columns id tunnel peer host tag replay-of event\r', 'a', '\x01', '\x05', '\x1b', 'T', '\x1b', 's', '\x1b', ':sort host\r', 'j', 'G', 'v', ':set columns usual\r');
			// A filter of such a value: completed, kept, sorted, and back.
			await p.press('fevent:\t', '\t', '\x1b', 'ftag:\t', '\x1b', 'f\x1b[200~CANARY \x1b]0;CANARY\x07\x9b\x1b[201~\r', '@', 's', '@', '\x1b', 'F', 'f\x15\r', '\x1b[A');
			await p.press('d', 'c', 'i', '\x1b', '?', '\x06', '\x06', '\x1b', 'O', '\t', '[', 'G', '\x1b', '=', '\x1b', '@', '\x1b');
			p.write('Qy');
			assert.equal(await within('the end', p.ended), 0);
			const { plain, sequences } = dissect(p.bytes, term);
			const shown = locale === 'C' ? plain.toString('latin1') : new TextDecoder('utf-8', { fatal: true }).decode(plain);
			// It was shown, as text, its escapes by their names.
			assert.ok(shown.split('CANARY').length > 100);
			assert.match(shown, /\^\[.*\]0;CANARY/);
			assert.match(shown, /<9b>/);
			for (const decoded of [/-- Query --/, /password = /, /X-Token {2}JWT, decoded and not verified/, /-- event 1 --/, /GIF image, 39707 x 6919/, /form, \d+ pairs|-- form/i, /multipart|-- part/i, / note: /, / tags: /, /SORTED by host/, /saved filters/, /event:/]) assert.match(shown, decoded);
			for (const s of sequences.keys()) assert.doesNotMatch(s, /CANARY/);
			assert.doesNotMatch(p.bytes.toString('latin1').replace('\x1b]11;?\x1b\\', '').replace('\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\', ''), /\x1b[\]P^_X]|\x1b#|\x1bc|\x9b/);
			if (locale === 'C') assert.doesNotMatch(shown, /[^ -~]/);
			else assert.doesNotMatch(shown, FORBIDDEN);
		});

	it('are base64 alone when something is copied', async () => {
		const p = new Pty(['60', '--hostile'], { term: 'xterm-256color', locale: 'C.UTF-8' });
		await p.settle();
		p.write('yc');
		await waitFor('what is copied', () => /\x1b\]52;/.test(p.bytes.toString('latin1')));
		await p.press('k');
		p.write('q');
		assert.equal(await within('the end', p.ended), 0);
		const { sequences } = dissect(p.bytes, 'xterm-256color', { clipboard: true });
		const copied = [...sequences.keys()].filter((s) => s.startsWith('\x1b]52'));
		assert.equal(copied.length, 1);
		assert.equal(Buffer.from(copied[0].slice(7, -1), 'base64').toString(), 'curl of 1 from #60\n');
		assert.throws(() => dissect(p.bytes, 'xterm-256color'), /is nothing/);
	});

	it('would not pass with any of these', () => {
		for (const bad of ['\x1b]0;x\x07', '\x1bPq\x1b\\', '\x07', '\x1b[6n', '\x1b]52;c;!\x07', '\x1bc', '\x1b[!p', 'a\x0bb', '\x1b_x\x1b\\', '\x7f', '\x1b[5i'])
			assert.throws(() => dissect(Buffer.from(`fine${bad}`, 'latin1'), 'xterm-256color', { clipboard: true }), /is nothing/, JSON.stringify(bad));
		dissect(Buffer.from('\x1b[?1049h\x1b[22;0;0t\x1b[38;5;71mfine\x1b[39;49m\x1b(B\x1b[m\r\n\x1b[3;4H\x1b[K', 'latin1'), 'xterm-256color');
	});
});
