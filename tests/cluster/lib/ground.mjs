// Three nats-servers, three relays that are one cluster, and haproxy before them: each server and relay on a machine of its
// own (machines.mjs). Programs that end by themselves are started again, and the test is told.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { ask, brokerConfig, lowPort } from '../../e2e/lib/cluster.mjs';
import { binDir, waitFor, World } from '../../e2e/lib/harness.mjs';
import { Program } from '../../torture/program.mjs';
import { Machine, openBridge } from './machines.mjs';

/** A leader is found some seconds after the servers began, and after each fault of one. */
const LEADER_MS = 90_000;

export class Ground {
	/** `nodeArgs`: more options of `creel-relay serve`; `env`: of all programs. */
	static async open({ nodeArgs = [], env = {} } = {}) {
		const g = new Ground();
		g.world = new World();
		Object.assign(g.world.env, env);
		g.nodeArgs = nodeArgs;
		try {
			await openBridge();
			await g.startBrokers();
			await g.startNodes();
			await g.startFront();
		} catch (error) {
			await g.close();
			throw error;
		}
		return g;
	}

	program(name, { inside }, command) {
		const [program, ...args] = [...inside, ...command];
		return new Program({ name, program, args: () => args, env: this.world.env, cwd: this.world.dir });
	}

	async startBrokers() {
		const dir = this.world.path('nats');
		mkdirSync(dir);
		this.brokers = { all: [] };
		for (let i = 0; i < 3; i++) {
			const machine = await Machine.add(11 + i);
			this.brokers.all.push({ name: `s${i}`, machine, host: machine.host, port: await lowPort(), route: await lowPort(), http: await lowPort(), store: path.join(dir, `js${i}`) });
		}
		const { all } = this.brokers;
		for (const b of all) {
			const config = path.join(dir, `${b.name}.conf`);
			writeFileSync(config, brokerConfig(b, all));
			const check = await this.world.run('nats-server', ['-t', '-c', config]);
			assert.equal(check.code, 0, check.err);
			b.program = this.program(b.name, b.machine, ['nats-server', '-c', config, '-l', path.join(dir, `${b.name}.log`)]);
			b.program.start();
		}
		for (const b of all) await waitFor('JetStream to answer', () => answersInfo(b), LEADER_MS);
	}

	/** What `--cluster` takes. Two nodes sit at the first server; the third at another, so that some messages pass one, and some two. */
	urls(node) {
		const [first, ...rest] = this.brokers.all.map(({ host, port }) => `${host}:${port}`);
		return `nats://${(node === 2 ? [...rest, first] : [first, ...rest]).join(',')}`;
	}

	async startNodes() {
		this.nodes = [];
		for (let i = 0; i < 3; i++) {
			const machine = await Machine.add(21 + i);
			const node = { name: `r${i}`, machine, host: machine.host, port: await lowPort(), admin: await lowPort(), data: this.world.path(`r${i}`) };
			// A relay that anybody can reach wants a token at its start.
			const secret = await this.token(node, 'add', `first${i}`);
			this.secret ??= secret;
			node.program = this.program(node.name, machine, [path.join(binDir, 'creel-relay'), 'serve', '--listen', `${node.host}:${node.port}`,
				'--data', node.data, '--admin', `127.0.0.1:${node.admin}`, '--cluster', this.urls(i), ...this.nodeArgs]);
			node.program.start();
			this.nodes.push(node);
		}
		await this.connected();
		for (const node of this.nodes) await waitFor('the tokens', async () => (await this.token(node, 'list')).split('first').length > 3);
	}

	/** `creel-relay token` on a node's data folder. */
	async token(node, ...args) {
		const r = await this.world.run('creel-relay', ['token', ...args, '--data', node.data]);
		assert.equal(r.code, 0, r.err);
		return r.text.trim();
	}

	/** haproxy, over all nodes, with health checks: `front` is its { host, port }. */
	async startFront() {
		this.front = { host: '127.0.0.1', port: await lowPort(), control: this.world.path('haproxy.sock') };
		const config = this.world.path('haproxy.cfg');
		writeFileSync(config, `global
	stats socket ${this.front.control} level admin
defaults
	mode http
	retries 3
	option redispatch
	timeout connect 2s
	timeout client 1h
	timeout server 1h
	timeout tunnel 1h
frontend all
	bind 127.0.0.1:${this.front.port}
	default_backend nodes
backend nodes
	balance roundrobin
	option httpchk GET /.well-known/creel/readyz
	default-server check inter 500ms fall 2 rise 1
${this.nodes.map((n) => `	server ${n.name} ${n.host}:${n.port}`).join('\n')}
`);
		this.front.program = this.program('haproxy', { inside: [] }, ['haproxy', '-db', '-f', config]);
		this.front.program.start();
		await waitFor('haproxy', () => this.toFront('show stat').then((text) => this.nodes.every((n) => text.includes(`nodes,${n.name},`)), () => false));
	}

	/** A command on haproxy's socket; gives what it says. */
	toFront(command) {
		return new Promise((resolve, reject) => {
			let text = '';
			const socket = net.connect(this.front.control);
			socket.on('error', reject);
			socket.on('data', (piece) => (text += piece));
			socket.on('close', () => resolve(text));
			socket.write(`${command}\n`);
		});
	}

	/** What the admin listener of a node says; '' when it says nothing. */
	async get(node, what) {
		try {
			return await node.machine.run('curl', '-s', '-m', '3', `http://127.0.0.1:${node.admin}${what}`);
		} catch {
			return '';
		}
	}

	async metric(node, name) {
		return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await this.get(node, '/metrics'))?.[1] ?? NaN);
	}

	async isConnected(node) {
		return (await this.get(node, '/readyz')).includes('cluster: connected');
	}

	/** Waits until the nodes know of each other. */
	async connected(nodes = this.nodes, timeoutMs = LEADER_MS) {
		for (const node of nodes)
			await waitFor(() => `${node.name} to be in its cluster\n${node.program.err.slice(-3000)}`, async () =>
				(await this.isConnected(node)) && (await this.metric(node, 'creel_cluster_nodes')) === this.nodes.length, timeoutMs);
	}

	/** Ends a program for now. */
	down(what, signal = 'SIGKILL') {
		return what.program.end(signal);
	}

	up(what) {
		what.program.closing = false;
		what.program.start();
	}

	/** creel listen at a node, or at haproxy. */
	listen(at, name, { args = [], ...more } = {}) {
		return this.world.startClient({ relayUrl: `http://${at.host}:${at.port}`, name, db: this.world.fresh('db'), env: { CREEL_TOKEN: this.secret },
			args: ['--allow-plain-token', ...args], ...more });
	}

	get programs() {
		return [...(this.nodes ?? []), ...(this.brokers?.all ?? []), ...(this.front?.program ? [this.front] : [])].map((x) => x.program).filter(Boolean);
	}

	/** Ends of relays that nobody asked for, and reports of sanitizers. */
	complaints() {
		return this.nodes.flatMap(({ name, program }) => [
			...program.unplanned.map((e) => `${name} ended by itself with ${e.code ?? e.signal}: ${e.err}`),
			...program.reports.map((r) => `${name}: ${r.slice(-6000)}`),
		]);
	}

	/** Writes what the relays and clients said last into a folder, for who looks for a fault. */
	keepLogs(dir, more = []) {
		mkdirSync(dir, { recursive: true });
		for (const { name, program } of [...this.nodes, ...more]) writeFileSync(path.join(dir, `${name}.log`), program.err);
	}

	/** As a test at the end: all clients and relays end as they should. */
	async endsCleanly() {
		await this.world.endsCleanly();
		for (const node of this.nodes) {
			const end = await node.program.end('SIGTERM');
			if (end && (end.code !== 0 || end.tooLate)) assert.fail(`${node.name} ended with ${end.code ?? end.signal}${end.tooLate ? ', too late' : ''}\n${end.err}`);
		}
		assert.deepEqual(this.complaints(), []);
	}

	async close() {
		await Promise.allSettled(this.programs.map((p) => p.end('SIGKILL')));
		await this.world.close();
		for (const { machine } of [...(this.nodes ?? []), ...(this.brokers?.all ?? [])]) machine?.holder?.kill('SIGKILL');
	}
}

const answersInfo = (b) => ask(b, '$JS.API.INFO', '', 1000).then((text) => !JSON.parse(text).error, () => false);
