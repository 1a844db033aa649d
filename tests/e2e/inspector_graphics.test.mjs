// Pictures on terminals that say that they draw graphics: kitty's protocol and sixels. The terminal is ours, so that every byte
// of what is sent can be read back into pixels; and nothing of the image's own bytes is among them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { crc32, inflateSync } from 'node:zlib';
import { World, binDir, waitFor, within } from './lib/harness.mjs';
import { NO_GPM } from './lib/tmux.mjs';

let w, p, db;
const CELL = { width: 10, height: 20 };
const KITTY = '\x1b_Gi=31;OK\x1b\\', CELLS = `\x1b[6;${CELL.height};${CELL.width}t`, SIXEL = '\x1b[?62;4;22c', PLAIN = '\x1b[?62;22c';
const ASKED = ['\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\', '\x1b[16t', '\x1b[c'];

class Pty {
	constructor(args, { term = 'xterm-256color', columns = 100, rows = 30, env = {} } = {}) {
		this.out = '';
		this.child = spawn(path.join(binDir, 'pty-run'), [columns, rows, path.join(binDir, 'creel'), 'ui', '--db', db, '--theme', 'dark', ...args], {
			env: { ...w.env, TZ: 'UTC', TERM: term, LC_ALL: 'C.UTF-8', ...NO_GPM, ...env },
			stdio: ['pipe', 'pipe', 'inherit'],
		});
		this.child.stdout.setEncoding('latin1').on('data', (d) => (this.out += d));
		this.child.stdin.on('error', () => {});
		this.ended = new Promise((resolve) => this.child.on('close', resolve));
	}

	// Once the list is there.
	static async start(args, options) {
		p = new Pty(args, options);
		await waitFor('the list', () => /vast/.test(p.out));
	}

	write(keys) {
		this.child.stdin.write(keys, 'latin1');
	}

	// Presses keys and gives what is written for them, once it matches.
	async press(keys, pattern) {
		const from = this.out.length;
		this.write(keys);
		await waitFor(`${pattern} after ${JSON.stringify(keys)}`, () => pattern.test(this.out.slice(from)));
		return this.out.slice(from);
	}

	async leave() {
		const from = this.out.length;
		this.write('Q');
		assert.equal(await within('the end', this.ended), 0);
		return this.out.slice(from);
	}
}

// What the picture of tests/fixtures/images shows (test_pixels.c).
const wanted = (x, y) => [(x * 28) % 256, (y * 50) % 256, (x * y * 7) % 256];

// kitty's commands, each with its keys and its payload.
function kitty(text) {
	return [...text.matchAll(/\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\/g)].map((m) => ({ ...Object.fromEntries(m[1].split(',').map((k) => k.split('='))), payload: m[2] ?? '' }));
}

function sent(commands) {
	const first = commands.findIndex((c) => c.a === 't');
	let payload = '', at = first;
	do payload += commands[at].payload;
	while (commands[at++].m === '1');
	const { s, v, f, o } = commands[first];
	assert.equal(`${f} ${o}`, '32 z');
	return { id: commands[first].i, width: Number(s), height: Number(v), rgba: inflateSync(Buffer.from(payload, 'base64')) };
}

// A sixel's colours at each of its pixels; undefined where nothing is.
function sixel(text) {
	const m = /\x1bP0;1;0q"1;1;(\d+);(\d+)([^\x1b]*)\x1b\\/.exec(text);
	assert.ok(m, JSON.stringify(text.slice(0, 300)));
	assert.match(m[3], /^[#;!$\-\d?-~]*$/);
	const width = Number(m[1]), height = Number(m[2]), colours = {}, out = [];
	let x = 0, y = 0, colour;
	for (const [, number, , red, green, blue, run, count, one, control] of m[3].matchAll(/#(\d+)(;2;(\d+);(\d+);(\d+))?|!((\d+)[?-~])|([?-~])|([$-])/g)) {
		if (number && red) colours[number] = [red, green, blue].map((v) => Math.round((Number(v) * 255) / 100));
		else if (number) colour = colours[number];
		else if (control) {
			x = 0;
			if (control === '-') y += 6;
		} else {
			const bits = (run ? run.at(-1) : one).charCodeAt(0) - 63;
			for (let n = run ? Number(count) : 1; n > 0; n--, x++)
				for (let b = 0; b < 6; b++)
					if (bits & (1 << b)) out[(y + b) * width + x] = colour;
		}
	}
	return { width, height, at: (px, py) => out[py * width + px] };
}

// A PNG with a comment that would set the terminal's title.
function withComment(png) {
	const data = Buffer.from('tEXtComment\0\x1b]0;CANARY\x07\x1b_GCANARY\x1b\\', 'latin1');
	const chunk = Buffer.alloc(data.length + 8);
	chunk.writeUInt32BE(data.length - 4);
	data.copy(chunk, 4);
	chunk.writeUInt32BE(crc32 ? crc32(data) : 0, data.length + 4);
	return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
}

// Grey, of the size asked for, not packed: nothing of it has to be drawn, only sent.
async function largePng(width, height) {
	const { deflateSync } = await import('node:zlib');
	const chunk = (type, data) => {
		const out = Buffer.alloc(data.length + 12);
		out.writeUInt32BE(data.length);
		out.write(type, 4);
		data.copy(out, 8);
		return out;
	};
	const head = Buffer.alloc(13);
	head.writeUInt32BE(width);
	head.writeUInt32BE(height, 4);
	head[8] = 8;
	const rows = Buffer.alloc((width + 1) * height);
	for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = (x ^ y) & 255;
	return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

// Of what the image's bytes would do nothing is done.
function unharmed() {
	const rest = p.out.replace(/\x1b_G[^\x1b]*\x1b\\|\x1bP0;1;0q[^\x1b]*\x1b\\|\x1b\]11;\?\x1b\\/g, '');
	assert.equal(/\x1b[\]P^_X]/.test(rest), false);
	assert.equal(/\x1b_GCANARY|\x1b\]0;/.test(p.out), false);
}

before(async () => {
	w = new World();
	db = w.path('pictures.db');
	const bodies = [withComment(readFileSync(new URL('../fixtures/images/rgb.png', import.meta.url))), await largePng(400, 900), await largePng(20000, 5001)];
	const input = bodies.map((body, i) => JSON.stringify({ received_at: `2026-11-20T10:00:0${i}Z`, method: 'POST', target: `/${['small', 'tall', 'vast'][i]}`, request: { headers: [['Host', 'x'], ['Content-Type', 'image/png']], body_base64: body.toString('base64') } })).join('\n');
	assert.equal((await w.creel(['import', '-', '--db', db], { input })).code, 0);
});
afterEach(() => p?.child.kill());
after(async () => {
	try {
		await w.endsCleanly();
	} finally {
		await w.close();
	}
});

describe('a picture', () => {
	it('is sent to kitty as pixels, placed, moved, taken away and forgotten', async () => {
		await Pty.start([]);
		for (const question of ASKED) assert.ok(p.out.includes(question));
		// The keys that follow the answers are keys: g, and Enter.
		let text = await p.press(`${KITTY}${CELLS}${SIXEL}g\r`, /a=p[^\x1b]*\x1b\\/);
		const picture = sent(kitty(text));
		assert.deepEqual([picture.width, picture.height], [9, 6]);
		for (let y = 0; y < 6; y++) for (let x = 0; x < 9; x++) assert.deepEqual([...picture.rgba.subarray((y * 9 + x) * 4, (y * 9 + x) * 4 + 4)], [...wanted(x, y), 255]);
		const place = kitty(text).find((c) => c.a === 'p');
		assert.deepEqual([place.i, place.x, place.y, place.w, place.h, place.C], [picture.id, '0', '0', '9', '6', '1']);
		assert.equal(/\x1bP/.test(text), false);
		// The next delivery: the first is off the screen and out of memory, the second is cut at the pane's edge.
		text = await p.press(']', /a=p[^\x1b]*\x1b\\/);
		assert.deepEqual(kitty(text).filter((c) => c.a === 'd' && c.d === 'I').map((c) => c.i), [picture.id]);
		const tall = sent(kitty(text)), shown = kitty(text).find((c) => c.a === 'p');
		assert.deepEqual([tall.width, tall.height], [266, 600]);
		assert.equal(shown.y, '0');
		assert.equal(Number(shown.h) % CELL.height, 0);
		assert.ok(Number(shown.h) < 600);
		// Scrolled: what is sent already is shown from further down.
		text = await p.press('\x04\x04', /a=p[^\x1b]*\x1b\\/);
		assert.equal(kitty(text).some((c) => c.a === 't'), false);
		assert.ok(Number(kitty(text).find((c) => c.a === 'p').y) > 0);
		// All is drawn again: kitty may have forgotten it.
		text = await p.press('g\x0c', /a=t[^]*a=p[^\x1b]*\x1b\\/);
		// What covers its lower part cuts it.
		text = await p.press(':', /a=p[^\x1b]*\x1b\\/);
		assert.ok(Number(kitty(text).find((c) => c.a === 'p').h) < Number(shown.h));
		await p.press('\x1b', /a=p[^\x1b]*\x1b\\/);
		await p.press('q', /d=I[^\x1b]*\x1b\\/);
		// Left while one is open: nothing stays in the terminal.
		await p.press('\r', /a=p[^\x1b]*\x1b\\/);
		text = await p.leave();
		assert.match(text, /a=d,q=2,d=I/);
		unharmed();
		for (const c of kitty(p.out)) assert.ok(c.payload.length <= 4096 && /^[A-Za-z0-9+/]*=*$/.test(c.payload));
	});

	it('is drawn as sixels where the attributes say so, and again only when it moves', async () => {
		await Pty.start([]);
		let text = await p.press(`${CELLS}${SIXEL}g\r`, /\x1bP[^\x1b]*\x1b\\/);
		const small = sixel(text);
		assert.deepEqual([small.width, small.height], [9, 6]);
		let off = 0;
		for (let y = 0; y < 6; y++) for (let x = 0; x < 9; x++) off += Math.max(...small.at(x, y).map((v, i) => Math.abs(v - wanted(x, y)[i])));
		assert.ok(off / 54 < 40, `off by ${off / 54}`);
		assert.equal(/\x1b_G/.test(text), false);
		text = await p.press(']', /\x1bP[^\x1b]*\x1b\\/);
		const tall = sixel(text);
		assert.equal(tall.width, 266);
		assert.equal(tall.height % CELL.height, 0);
		// The cursor is put where curses has it.
		assert.ok(/\x1bP[^\x1b]*\x1b\\\x1b\[\d+;\d+H$/.test(text));
		// A cursor that moves above it draws nothing of it again.
		text = await p.press('j', /\x1b\[/);
		text = await p.press('\x04\x04', /\x1bP[^\x1b]*\x1b\\/);
		assert.equal(text.match(/\x1bP/g).length <= 2, true);
		text = await p.leave();
		assert.equal(/\x1bP/.test(text), false);
		unharmed();
	});

	it('of more than it may have is named, with the reason', async () => {
		await Pty.start([]);
		await p.press(`${KITTY}${CELLS}${SIXEL}G\r`, /PNG image, 20000 x 5001 pixels, [^\x1b]*too large to be drawn/);
		await p.leave();
	});

	for (const [what, args, options, answers, asked] of [
		['the terminal says nothing', [], {}, '', ASKED],
		['it has no graphics', [], {}, `${CELLS}${PLAIN}`, ASKED],
		['it does not say what a cell measures', [], {}, `${KITTY}${SIXEL}`, ASKED],
		['its cells are none', [], {}, `${KITTY}\x1b[6;2000;1t${SIXEL}`, ASKED],
		['an answer is broken', [], {}, `\x1b_Gi=31;ENOTSUPPORTED:no\x1b\\${CELLS}\x1b[?4c`, ASKED],
		['it is tmux, which has none', [], { term: 'tmux-256color' }, PLAIN, ASKED.slice(1)],
		['tmux is between, and TERM says otherwise', [], { env: { TMUX: '/run/tmux,1,0' } }, PLAIN, ASKED.slice(1)],
		['half blocks are asked for', ['--images', 'blocks'], {}, `${KITTY}${CELLS}${SIXEL}`, []],
		['CREEL_IMAGES says so', [], { env: { CREEL_IMAGES: 'blocks' } }, `${KITTY}${CELLS}${SIXEL}`, []],
		['there are no colours', ['--color', 'never'], {}, `${KITTY}${CELLS}${SIXEL}`, []],
		['TERM is that of a console', [], { term: 'linux' }, `${KITTY}${CELLS}${SIXEL}`, []],
	])
		it(`is half blocks when ${what}`, async () => {
			await Pty.start(args, options);
			for (const question of ASKED) assert.equal(p.out.includes(question), asked.includes(question), JSON.stringify(question));
			const text = await p.press(`${answers}g\r`, /\xe2\x96[\x80\x84\x88]/);
			await p.leave();
			assert.equal(/\x1bP|\x1b_G/.test(text), false);
			if (!answers) assert.doesNotMatch(p.out, /sending|Replay\?/);
		});

	it('is named alone where none is wanted', async () => {
		await Pty.start(['--images', 'off']);
		for (const question of ASKED) assert.equal(p.out.includes(question), false);
		const text = await p.press(`${KITTY}${CELLS}${SIXEL}g\r`, /PNG image, 9 x 6 pixels, 250 bytes[^]*00000000/);
		await p.leave();
		assert.equal(/\x1bP|\x1b_G|\xe2\x96[\x80\x84\x88]/.test(text), false);
	});

	it('is what the option names, whatever the terminal says of itself', async () => {
		await Pty.start(['--images', 'sixel']);
		assert.equal(p.out.includes(ASKED[0]) || p.out.includes(ASKED[2]), false);
		await p.press(`${CELLS}g\r`, /\x1bP[^\x1b]*\x1b\\/);
		await p.leave();
	});
});
