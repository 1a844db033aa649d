// What others package, watch and alert with: templates that can be read, and metrics that exist.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { root, World } from './lib/harness.mjs';

const read = (name) => readFileSync(path.join(root, name), 'utf8');
const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

describe('monitoring', () => {
	let w, families;
	before(async () => {
		w = new World();
		const file = w.path('admin');
		const relay = await w.startRelay({ args: ['--admin', '127.0.0.1:0', '--admin-port-file', file] });
		const text = await (await fetch(`http://${await w.fileFrom(relay, file)}/metrics`)).text();
		families = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
	});
	after(() => w?.close());

	const unknown = (text) => [...new Set(text.match(/creel_[a-z_]+/g))].filter((name) => !families.has(name));

	it('the dashboard shows metrics that there are, and all of them', () => {
		const dashboard = JSON.parse(read('.packaging/monitoring/grafana.json'));
		const asked = dashboard.panels.flatMap((p) => p.targets.map((t) => t.expr)).join('\n');
		assert.deepEqual(unknown(asked), []);
		const shown = new Set(asked.match(/creel_[a-z_]+/g));
		assert.deepEqual([...families].filter((name) => !shown.has(name)), ['creel_relay_limit']);
		assert.equal(new Set(dashboard.panels.map((p) => p.id)).size, dashboard.panels.length);
	});

	it('the alerts ask for metrics that there are', () => {
		const rules = read('.packaging/monitoring/alerts.yml');
		const asked = rules.split('\n').filter((line) => /^\s+expr:/.test(line)).join('\n');
		assert.ok(asked.length > 100);
		assert.deepEqual(unknown(asked), []);
	});

	it('promtool finds nothing wrong', { skip: !has('promtool') && 'promtool is not installed' }, () => {
		const r = spawnSync('promtool', ['check', 'rules', '.packaging/monitoring/alerts.yml'], { cwd: root, encoding: 'utf8' });
		assert.equal(r.status, 0, r.stderr);
	});

	it('creel-relay(8) names every metric', () => {
		const page = read('relay/creel-relay.8').replaceAll('\\-', '-');
		assert.deepEqual([...families].filter((name) => !page.includes(name)), []);
	});
});

describe("packagers' files", () => {
	let w, files;
	before(() => {
		w = new World();
		files = Object.fromEntries(['homebrew/creel.rb', 'arch/PKGBUILD', 'nix/default.nix'].map((name) => {
			const text = read(`.packaging/${name}`).replaceAll('@VERSION@', '1.2.3').replaceAll('@SHA256@', 'a'.repeat(64))
				.replaceAll('@URL@', 'https://example.com/creel-1.2.3.tar.gz').replaceAll('@HOMEPAGE@', 'https://example.com/');
			const file = w.path(path.basename(name));
			writeFileSync(file, text);
			return [path.basename(name), { file, text }];
		}));
	});
	after(() => w?.close());

	it('nothing is left to fill in', () => {
		for (const [name, { text }] of Object.entries(files)) assert.doesNotMatch(text, /@[A-Z0-9]+@/, name);
	});

	it('ruby reads the formula', { skip: !has('ruby') && 'ruby is not installed' }, () => {
		const r = spawnSync('ruby', ['-c', files['creel.rb'].file], { encoding: 'utf8' });
		assert.equal(r.status, 0, r.stderr);
	});

	it('nix reads the derivation', { skip: !has('nix-instantiate') && 'nix is not installed' }, () => {
		const r = spawnSync('nix-instantiate', ['--parse', files['default.nix'].file], { encoding: 'utf8', env: { ...process.env, HOME: w.dir, NIX_STATE_DIR: w.dir, NIX_STORE_DIR: w.dir } });
		assert.equal(r.status, 0, r.stderr);
	});

	it('makepkg reads the PKGBUILD', { skip: !has('makepkg') && 'makepkg is not installed' }, () => {
		// It wants pacman in PATH and refuses to be root.
		const bin = w.path('bin');
		mkdirSync(bin);
		writeFileSync(path.join(bin, 'pacman'), '#!/bin/sh\nexit 0\n');
		chmodSync(path.join(bin, 'pacman'), 0o755);
		spawnSync('chmod', ['-R', 'a+rwX', w.dir]);
		const as = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
		const r = spawnSync('makepkg', ['--printsrcinfo'], { ...as, cwd: path.dirname(files.PKGBUILD.file), encoding: 'utf8', env: { ...process.env, HOME: w.dir, PATH: `${bin}:${process.env.PATH}` } });
		assert.equal(r.status, 0, r.stdout + r.stderr);
		assert.match(r.stdout, /pkgver = 1\.2\.3/);
		assert.match(r.stdout, /sha256sums = a{64}/);
	});
});
