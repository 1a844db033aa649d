// The man pages: formatted without a warning; creel-protocol(7) says what shared/wire/wire.h and shared/PROTOCOL.md say.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { binDir, root } from './lib/harness.mjs';

const read = (name) => readFileSync(path.join(root, name), 'utf8');
const PAGES = { 'client/creel.1': 'CREEL(1)', 'shared/creel-protocol.7': 'CREEL-PROTOCOL(7)', 'relay/creel-relay.8': 'CREEL-RELAY(8)' };

describe('man pages', () => {
	for (const [page, title] of Object.entries(PAGES)) {
		it(`${page} is formatted without a warning`, () => {
			const r = spawnSync('groff', ['-t', '-man', '-ww', '-Tutf8', '-P-c', page], { cwd: root, encoding: 'utf8' });
			assert.equal(r.status, 0, r.error?.message);
			assert.equal(r.stderr, '');
			assert.ok(r.stdout.toUpperCase().includes(title));
		});
		// groff joins their arguments without a word: prose behind such a macro stands in quotes.
		it(`${page} has no prose that a macro of two fonts would join`, () => {
			const joined = read(page).split('\n').filter((line) => /^\.(BR|RB|IR|RI|BI|IB) /.test(line) && /[a-z], [a-z]/.test(line.replaceAll(/"[^"]*"/g, '')));
			assert.deepEqual(joined, []);
		});
	}
});

describe('creel-protocol(7)', () => {
	const page = read('shared/creel-protocol.7').replaceAll('\\-', '-');
	const wire = read('shared/wire/wire.h');
	const doc = read('shared/PROTOCOL.md');
	// Rows of cells; T{ … T} is one cell of several lines.
	const tables = [...page.matchAll(/^\.TS\n[^]*?\.\n([^]*?)^\.TE$/gm)].map(([, body]) => body.replaceAll(/T\{\n([^]*?)\nT\}/g, '$1').trim().split('\n').map((row) => row.split('\t')));
	const table = (...head) => {
		const found = tables.filter((t) => head.every((word, i) => t[0][i] === word));
		assert.equal(found.length, 1, head.join(' '));
		return found[0].slice(2);
	};
	const numbers = (rows) => Object.fromEntries(rows.map(([n, name]) => [name, Number(n)]));
	const types = Object.fromEntries([...read('shared/wire/wire_types.def').matchAll(/^WIRE_TYPE\((\d+), (\w+),/gm)].map(([, n, name]) => [name, Number(n)]));
	/** The members of an enum of wire.h that have a number. */
	const members = (name) => {
		const body = new RegExp(`enum wire_${name} \\{\n([^]*?)\\};`).exec(wire)[1];
		const prefix = name === 'flag' ? 'WIRE_' : `WIRE_${name.toUpperCase()}_`;
		const found = Object.fromEntries([...body.matchAll(/(WIRE_\w+) = (\d+)/g)].map(([, member, n]) => [member.slice(prefix.length), Number(n)]));
		assert.ok(Object.keys(found).length > 2);
		return found;
	};
	/** A Markdown table's rows below the heads. */
	const markdown = (head) => {
		const rows = doc.slice(doc.indexOf(`| ${head} |`)).split('\n\n')[0].split('\n').slice(2);
		return rows.map((row) => row.split('|').slice(1, -1).map((cell) => cell.trim()));
	};

	it('types and their numbers are those of wire_types.def', () => assert.deepEqual(numbers(table('Type', 'Name')), types));
	it('flags', () => assert.deepEqual(numbers(table('Value', 'Name')), members('flag')));
	it('options of HELLO', () => assert.deepEqual(numbers(table('Value', 'Option of HELLO')), members('option')));
	it('codes of RESET', () => assert.deepEqual(numbers(table('Code', 'Name', 'From')), members('reset')));
	it('codes of NOTICE and GOAWAY', () => assert.deepEqual(numbers(table('Code', 'Name', 'Meaning')), members('notice')));
	it('the header has as many bytes as wire.h says, one field behind the other', () => {
		let at = 0;
		for (const [offset, size] of table('Offset', 'Size')) {
			assert.equal(Number(offset), at);
			at += Number(size) || 0;
		}
		assert.equal(at, Number(/WIRE_HEADER_LEN (\d+)/.exec(wire)[1]));
	});
	it('version and sizes', () => {
		const value = (name) => {
			const [, n, shift] = new RegExp(`${name} \\(?(\\d+)u?(?: << (\\d+))?`).exec(wire);
			return Number(n) * 2 ** Number(shift ?? 0);
		};
		for (const name of ['WIRE_MAX_PAYLOAD', 'WIRE_STREAM_WINDOW', 'WIRE_LINK_WINDOW']) assert.ok(page.includes(value(name).toLocaleString('en-US')), name);
		for (const name of ['WIRE_SUBPROTOCOL', 'WIRE_ALPN', 'WIRE_PATH']) assert.ok(page.includes(new RegExp(`${name} "(.*)"`).exec(wire)[1]), name);
		assert.ok(page.includes(`version (${value('WIRE_VERSION')})`));
	});

	it('who sends a type, on which stream, with which flags: as PROTOCOL.md says', () => {
		const from = { 'client → relay': 'client', 'relay → client': 'relay', both: 'both' };
		assert.deepEqual(table('Type', 'Name').map(([n, name, who, stream, flags]) => [n, name, who, stream, flags ?? '']),
			markdown('type | name').map(([n, name, who, stream, flags]) => [n, name, from[who], stream, flags]));
	});
	it('who sends a RESET, and the states of a delivery: as PROTOCOL.md says', () => {
		assert.deepEqual(table('Code', 'Name', 'From').map(([n, name, who]) => [`${n} ${name}`, who]), markdown('code | from').map((row) => row.slice(0, 2)));
		const states = tables.filter((t) => t[0][0] === 'State').map((t) => t.slice(2).map((row) => row[0]));
		const told = doc.slice(doc.indexOf('## 3.')).split('| state | meaning | leaves it by |').slice(1).map((part) => part.trim().split('\n\n')[0].split('\n').slice(1).map((row) => row.split('|')[1].trim()));
		assert.equal(states.length, 2);
		assert.deepEqual(states, told);
	});
	it('every type is explained', () => {
		for (const name of Object.keys(types)) assert.match(page, new RegExp(`^\\.TP\n\\.BR? .*\\b${name}\\b`, 'm'));
	});
});

describe('options in the man pages', () => {
	/** What --help says: name → default, '' for none. */
	const help = (program, command) => {
		const r = spawnSync(path.join(binDir, program), [command, '--help'], { encoding: 'utf8', env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } });
		assert.equal(r.status, 0, r.stderr);
		return new Map([...r.stdout.matchAll(/^ {2}(?:-\w, | {4})--([a-z-]+)([^]*?)(?=\n {2}(?:-\w, | {4})--|\n\n|$(?![^]))/gm)]
			.map(([, name, text]) => [name, /\(default ([^;)]+)/.exec(text)?.[1] ?? '']));
	};
	/** Roff as text: escapes, quotes and macros' names away. */
	const plain = (roff) => roff.replaceAll(/^\.\\".*$/gm, '').replaceAll(/\\f./g, '').replaceAll('\\-', '-').replaceAll(/^\.(?:[BI]|BR|RB|IR|RI|BI|IB) /gm, '').replaceAll('"', '').replaceAll('\\&', '');
	const parts = (page, mark) => page.split(new RegExp(`^\\.${mark} `, 'm')).slice(1);
	/** The entries of a section, each [its tag, all of it]. */
	const entries = (section) => section.split(/^\.TP\n/m).slice(1).map((entry) => [plain(entry.split('\n')[0]), plain(entry)]);
	const names = (text) => [...text.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map((m) => m[1]);

	function check(options, sections, title) {
		const all = sections.flatMap(entries);
		for (const [name, preset] of options) {
			const own = all.filter(([tag]) => names(tag).includes(name));
			assert.ok(own.length > 0, `${title} --${name} has no entry`);
			if (preset) assert.ok(own.some(([, text]) => text.replaceAll(/\s+/g, ' ').toLowerCase().includes(`default ${preset.toLowerCase()}`)), `${title} --${name}: its default is ${preset}`);
		}
		for (const [tag] of entries(sections[0])) for (const name of names(tag)) assert.ok(options.has(name), `${title} has no option --${name}`);
	}

	const page = read('client/creel.1');
	const common = parts(page, 'SH').find((s) => s.startsWith('COMMON OPTIONS'));
	const commands = parts(parts(page, 'SH').find((s) => s.startsWith('COMMANDS')), 'SS');
	const of = (command) => commands.find((s) => s.startsWith(`"creel ${command} `) || s.startsWith(`"creel ${command}"`));
	const list = spawnSync(path.join(binDir, 'creel'), ['help'], { encoding: 'utf8' }).stdout;
	const all = [...list.matchAll(/^ {2}creel ([a-z]+) /gm)].map((m) => m[1]);

	for (const command of all)
		it(`creel ${command}: each with its default, and no other`, () => {
			assert.ok(of(command), 'it has a section');
			check(help('creel', command), [of(command), common, ...(command === 'dev' ? [of('listen')] : [])], command);
		});
	const relay = read('relay/creel-relay.8');
	it('creel-relay serve: each with its default, and no other', () => {
		const options = help('creel-relay', 'serve');
		options.delete('help');
		check(options, [parts(relay, 'SH').find((s) => s.startsWith('OPTIONS OF SERVE'))], 'serve');
	});
	it('creel-relay token: each stands in its page', () => {
		const named = names(plain(relay));
		for (const name of help('creel-relay', 'token').keys()) assert.ok(name === 'help' || named.includes(name), name);
	});
	it('no page names an option that is none', () => {
		const known = new Set(['help', 'version', 'pinnedpubkey', ...all.flatMap((c) => [...help('creel', c).keys()]), ...['serve', 'setup', 'token', 'status', 'tunnel'].flatMap((c) => [...help('creel-relay', c).keys()])]);
		for (const text of [page, relay]) assert.deepEqual(names(plain(text)).filter((name) => !known.has(name)), []);
	});
});
