// A library that the programs are linked with is known wherever they are packaged: each place has a list of its own, and one that
// lacks a library is found here and not at the next release.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { binDir, root } from './lib/harness.mjs';

const read = (name) => readFileSync(path.join(root, name), 'utf8');

// A row per library; what it is called by pkg-config or the linker, in its file's name, by Debian, in the table of sources, by the
// linker on macOS, and by Homebrew, Arch and Nix where that is another name.
const LIBRARIES = [
	{ asked: 'libuv', file: 'libuv', debian: 'libuv1-dev', source: 'libuv', macos: 'uv' },
	{ asked: 'openssl', file: 'libssl', debian: 'libssl-dev', source: 'openssl', macos: 'ssl', brew: 'openssl@3' },
	{ asked: 'openssl', file: 'libcrypto', debian: 'libssl-dev', source: 'openssl', macos: 'crypto', brew: 'openssl@3' },
	{ asked: 'sqlite3', file: 'libsqlite3', debian: 'libsqlite3-dev', source: 'sqlite', macos: 'sqlite3' },
	{ asked: 'libutf8proc', file: 'libutf8proc', debian: 'libutf8proc-dev', source: 'utf8proc', macos: 'utf8proc', arch: 'libutf8proc' },
	{ asked: 'inih', file: 'libinih', debian: 'libinih-dev', source: 'inih', macos: 'inih', arch: 'libinih' },
	{ asked: 'jansson', file: 'libjansson', debian: 'libjansson-dev', source: 'jansson', macos: 'jansson' },
	{ asked: 'libwebsockets', file: 'libwebsockets', debian: 'libwebsockets-dev', source: 'libwebsockets', macos: 'websockets' },
	{ asked: 'zlib', file: 'libz', debian: 'zlib1g-dev', source: 'zlib', macos: 'z' },
	{ asked: 'libbrotlidec', file: 'libbrotlidec', debian: 'libbrotli-dev', source: 'brotli', macos: 'brotlidec' },
	{ asked: 'libzstd', file: 'libzstd', debian: 'libzstd-dev', source: 'zstd', macos: 'zstd' },
	{ asked: 'libcurl', file: 'libcurl', debian: 'libcurl4-openssl-dev', source: 'curl', macos: 'curl' },
	{ asked: 'yaml-0.1', file: 'libyaml-0', debian: 'libyaml-dev', source: 'libyaml', macos: 'yaml' },
	{ asked: 'libmicrohttpd', file: 'libmicrohttpd', debian: 'libmicrohttpd-dev', source: 'libmicrohttpd', macos: 'microhttpd' },
	{ asked: 'libwslay', file: 'libwslay', debian: 'libwslay-dev', source: 'wslay', macos: 'wslay' },
	{ asked: 'libnats', file: 'libnats', debian: 'libnats-dev', source: 'cnats', macos: 'nats' },
	{ asked: 'libjpeg', file: 'libjpeg', debian: 'libjpeg-dev', headers: 'libjpeg62-turbo-dev', source: 'libjpeg-turbo', macos: 'jpeg', brew: 'jpeg-turbo', nix: 'libjpeg' },
	{ asked: 'libwebp', file: 'libwebp', debian: 'libwebp-dev', source: 'libwebp', macos: 'webp', brew: 'webp' },
	{ asked: 'libpcre2-8', file: 'libpcre2-8', debian: 'libpcre2-dev', source: 'pcre2', macos: 'pcre2-8' },
	{ asked: 'ncursesw', file: 'libncursesw', debian: 'libncurses-dev', source: 'ncurses', macos: 'ncursesw' },
	{ asked: '-lmimalloc', file: 'libmimalloc', debian: 'libmimalloc-dev', source: 'mimalloc', macos: null, brew: null },
];
// What comes with the compiler or the system, with another library, or is for tests alone.
const ELSEWHERE = /^(-l(m|util|iconv|cmocka|llhttp|wslay)|lib(c|m|util|asan|ubsan|tsan|gcc_s|pthread|tinfo|cap|atomic)|ld-linux.*)$/;

describe('libraries', () => {
	const words = (text) => text.split(/[\s()'"[\],]+/).filter(Boolean);
	const between = (name, from, to) => {
		const text = read(name);
		const at = text.search(from);
		assert.notEqual(at, -1, `${name} has no ${from}`);
		return words(text.slice(at).split(to)[0]);
	};
	const column = (key) => LIBRARIES.map((row) => row[key]).filter(Boolean);

	it('each that the Makefile asks for is in this table', () => {
		const makefile = read('Makefile').replace(/^\s*#.*$/gm, '');
		const asked = new Set([
			...[...makefile.matchAll(/^PKGS_\w+ [:+]?= (.*)$/gm)].flatMap(([, names]) => names.split(' ')),
			...[...makefile.matchAll(/PKG_CONFIG\)(?: --[a-z-]+)+ ([a-z][\w.-]*)/g)].map(([, name]) => name),
			...makefile.match(/(?<=[\s,])-l[a-z]\w*/g),
		]);
		const known = new Set(column('asked'));
		assert.deepEqual([...asked].filter((name) => !name.includes('$') && !known.has(name) && !ELSEWHERE.test(name)), [], 'asked for in the Makefile, and not in this file');
		assert.deepEqual([...known].filter((name) => !asked.has(name)), [], 'not asked for any more');
	});

	for (const program of ['creel', 'creel-relay'])
		it(`each that ${program} is linked with is in this table`, { skip: process.platform !== 'linux' && 'readelf is of Linux' }, () => {
			const r = spawnSync('readelf', ['-dW', path.join(binDir, program)], { encoding: 'utf8' });
			assert.equal(r.status, 0, r.stderr);
			const files = [...r.stdout.matchAll(/\(NEEDED\).*\[(.+?)(?:-\d[\d.]*)?\.so[.\d]*\]/g)].map(([, name]) => name);
			assert.ok(files.length > 8, r.stdout);
			const known = new Set(column('file').map((name) => name.replace(/-\d+$/, '')));
			assert.deepEqual(files.filter((name) => !known.has(name) && !ELSEWHERE.test(name)), []);
		});

	// Each place that has to name it, and under which name.
	const dist = /^for name in /m;
	for (const [where, have, want] of [
		['.ci/deps for Debian', () => between('.ci/deps', /^debian_build=/m, '"\n'), column('debian')],
		['.ci/deps for macOS', () => between('.ci/deps', /^brew_build=/m, '"\n'), LIBRARIES.map((row) => row.brew === undefined ? row.source : row.brew)],
		['the Build-Depends', () => between('.packaging/debian/control', /^Build-Depends:/m, '\nStandards-Version'), column('debian')],
		['the sources of make dist', () => read('.packaging/dist/sources.tsv').split('\n').map((line) => line.split('\t')[0]), column('source')],
		['what make dist builds', () => between('.packaging/dist/libraries.sh', dist, '; do'), column('source')],
		['the headers of make macos', () => between('tests/macos/build.sh', /^headers=/m, '"\n'), LIBRARIES.filter((row) => row.macos).map((row) => row.headers ?? row.debian)],
		['the libraries of make macos', () => between('tests/macos/build.sh', /^core=/m, '\n\n').map((name) => name.replace(/^\w+=/, '')), column('macos')],
		['the formula', () => between('.packaging/homebrew/creel.rb', /depends_on/, 'def install'), LIBRARIES.map((row) => row.brew === undefined ? row.source : row.brew)],
		['the PKGBUILD', () => between('.packaging/arch/PKGBUILD', /^depends=/m, '\nsource=').map((name) => name.replace(/^depends=|:$/g, '')), LIBRARIES.map((row) => row.arch ?? row.source)],
		['the derivation', () => between('.packaging/nix/default.nix', /buildInputs = /, 'enableParallelBuilding'), LIBRARIES.map((row) => row.nix ?? row.source)],
	])
		it(`${where}: each`, () => {
			const there = new Set(have().map((word) => word.replace(/[;:]$/, '')));
			assert.deepEqual([...new Set(want)].filter((name) => name && !there.has(name)), []);
		});

	it('make deb wants what .ci/deps installs', () => {
		const tools = ['gcc', 'make', 'pkg-config'];
		const installed = between('.ci/deps', /^debian_build=/m, '"\n').map((word) => word.replace(/^debian_build=/, '')).filter((word) => word && !tools.includes(word));
		const wanted = between('.packaging/debian/control', /^Build-Depends:/m, '\nStandards-Version').filter((word) => /-dev$|evlib/.test(word));
		assert.deepEqual(wanted.sort(), installed.sort());
	});
});
