// A TCP proxy with faults, between client and relay.
//
//   cut(how)                       both directions of every connection end now: 'rst' by a reset, 'fin' in an orderly way
//   cutAfter({direction, bytes})   the next connection is cut when exactly so many bytes of that direction went through
//   stall(true)                    every connection turns into a black hole for good: open, acknowledged, nothing comes of
//                                  it; new ones too, while it lasts. stall(false) lets new connections through again.
//   hold(true)                     bytes wait here, and go on with hold(false): what an outage looks like to TCP
//   delay(ms, jitter)              each piece arrives later, in order
//   throttle(bytesPerSecond)       0: off
//   refuse(true)                   new connections are reset at once
//
// Directions: 'up' is from the client to the relay, 'down' the other.
import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import { Random } from './random.mjs';

const OTHER = { up: 'down', down: 'up' };
/**
 * A reset at once. net's resetAndDestroy() first waits for what is still to be written, which a stopped peer never takes,
 * and sends a FIN before; and libuv refuses a reset while a FIN is on its way, after which Node never closes the socket.
 */
function reset(socket) {
	if (socket.connecting || socket.writableEnded) socket.destroy();
	else Object.assign(socket, { resetAndClosing: true }).destroy();
}

const HIGH_WATER = 1 << 20; // of bytes waiting in one direction: then the source is paused

/** One direction of a connection: a queue of pieces, each with the time before which it does not leave. */
class Lane {
	constructor(link, direction, from, to) {
		Object.assign(this, { link, direction, from, to, queue: [], queued: 0, bytes: 0, ended: false, busyUntil: 0, timer: null });
		from.on('data', (piece) => this.take(piece));
		from.on('end', () => this.take(null));
		to.on('drain', () => this.flush());
	}

	/** A piece from the source; null is its end. */
	take(piece) {
		const { proxy, swallowing } = this.link;
		if (swallowing || this.link.over) return;
		const due = Date.now() + proxy.delayMs + (proxy.jitterMs ? proxy.random.int(0, proxy.jitterMs) : 0);
		this.queue.push({ piece, due: Math.max(due, this.queue.at(-1)?.due ?? 0) });
		this.queued += piece?.length ?? 0;
		if (this.queued > HIGH_WATER) this.from.pause();
		this.flush();
	}

	later(ms) {
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.flush(), ms);
	}

	/** Sends what may go now. */
	flush() {
		const { proxy } = this.link;
		while (this.queue.length && !this.link.over && !this.link.swallowing && !proxy.holding && !this.to.writableNeedDrain && !this.to.connecting) {
			const now = Date.now();
			const wait = Math.max(this.queue[0].due, this.busyUntil) - now;
			if (wait > 0) return this.later(wait);
			const { piece } = this.queue[0];
			if (piece === null) {
				this.queue.shift();
				this.ended = true;
				this.to.end();
				continue;
			}
			const cut = this.link.cutAt?.direction === this.direction ? this.link.cutAt : null;
			let n = piece.length;
			if (proxy.bytesPerSecond) n = Math.min(n, Math.max(1, Math.ceil(proxy.bytesPerSecond / 50)));
			if (cut) n = Math.min(n, cut.bytes - this.bytes);
			if (proxy.bytesPerSecond) this.busyUntil = now + (n * 1000) / proxy.bytesPerSecond;
			this.pass(piece, n);
			if (cut && this.bytes >= cut.bytes) return this.link.cutHere(cut, this);
		}
	}

	pass(piece, n) {
		this.bytes += n;
		this.queued -= n;
		if (n === piece.length) this.queue.shift();
		else this.queue[0].piece = piece.subarray(n);
		if (n > 0) this.to.write(piece.subarray(0, n));
		if (this.queued <= HIGH_WATER && this.from.isPaused()) this.from.resume();
	}
}

/** A connection through the proxy. */
class Link {
	constructor(proxy, client) {
		Object.assign(this, { proxy, client, over: false, swallowing: proxy.stalling, cutAt: null, since: Date.now() });
		client.setNoDelay(true);
		client.on('error', () => this.gone(client));
		client.on('close', () => this.gone(client));
		if (this.swallowing) {
			client.resume();
			return;
		}
		this.relay = net.connect({ host: proxy.targetHost, port: proxy.targetPort, allowHalfOpen: true });
		this.relay.setNoDelay(true);
		this.relay.on('error', () => this.gone(this.relay));
		this.relay.on('close', () => this.gone(this.relay));
		this.lanes = { up: new Lane(this, 'up', client, this.relay), down: new Lane(this, 'down', this.relay, client) };
		this.relay.on('connect', () => this.lanes.up.flush());
	}

	get bytes() {
		return { up: this.lanes?.up.bytes ?? 0, down: this.lanes?.down.bytes ?? 0 };
	}

	/** One side is gone. In a black hole the other does not learn of it. */
	gone(socket) {
		if (this.over) return;
		if (this.swallowing) {
			socket.destroy();
			if (this.client.destroyed && (!this.relay || this.relay.destroyed)) this.finish('swallowed');
			return;
		}
		// Orderly ends of both directions went through the lanes; anything else is a reset, and so for the other side.
		if (this.lanes?.up.ended && this.lanes.down.ended) return this.finish('closed');
		if (!socket.errored && socket.readableEnded) return; // the lanes carry it
		this.reset();
		this.finish('reset');
	}

	swallow() {
		this.swallowing = true;
		for (const socket of [this.client, this.relay]) socket?.resume();
	}

	reset() {
		for (const socket of [this.client, this.relay]) if (socket && !socket.destroyed) reset(socket);
	}

	/** Exactly the bytes asked for went through: nothing follows, and the cut comes when the receiver can have read them. */
	cutHere(cut, lane) {
		this.over = true;
		clearTimeout(this.lanes[OTHER[lane.direction]].timer);
		const finish = () => {
			this.over = false;
			this.cut(cut.how);
			this.proxy.emit('cut', { ...cut, link: this });
		};
		// A reset overtakes bytes that the receiver's program has not yet read; cut.lingerMs is the network's time for them.
		lane.to.write(Buffer.alloc(0), () => setTimeout(finish, cut.lingerMs));
	}

	cut(how) {
		if (this.over) return;
		if (how === 'fin') {
			this.over = true;
			for (const socket of [this.client, this.relay]) {
				socket?.resume();
				socket?.end();
			}
			this.over = false;
		} else {
			this.reset();
		}
		this.finish(how);
	}

	finish(why) {
		if (this.over) return;
		this.over = true;
		for (const lane of Object.values(this.lanes ?? {})) clearTimeout(lane.timer);
		this.proxy.links.delete(this);
		this.proxy.emit('over', { link: this, why });
	}

	destroy() {
		this.over = true;
		for (const lane of Object.values(this.lanes ?? {})) clearTimeout(lane.timer);
		this.client.destroy();
		this.relay?.destroy();
	}
}

export class FaultProxy extends EventEmitter {
	constructor({ targetPort, targetHost = '127.0.0.1', random = new Random(0) }) {
		super();
		Object.assign(this, { targetPort, targetHost, random, links: new Set(), delayMs: 0, jitterMs: 0, bytesPerSecond: 0 });
		Object.assign(this, { stalling: false, holding: false, refusing: false, armed: null, connections: 0, everyLink: new Set() });
		this.server = net.createServer({ allowHalfOpen: true }, (socket) => this.accept(socket));
	}

	static async start(options) {
		const proxy = new FaultProxy(options);
		proxy.server.listen(options.port ?? 0, '127.0.0.1');
		await once(proxy.server, 'listening');
		proxy.port = proxy.server.address().port;
		proxy.url = `http://127.0.0.1:${proxy.port}`;
		return proxy;
	}

	accept(socket) {
		this.connections++;
		if (this.refusing) {
			socket.on('error', () => {});
			reset(socket);
			return;
		}
		const link = new Link(this, socket);
		if (this.armed && !link.swallowing) {
			link.cutAt = this.armed;
			this.armed = null;
		}
		this.links.add(link);
		this.everyLink.add(link);
		link.client.once('close', () => (link.relay && !link.relay.destroyed ? link.relay.once('close', () => this.everyLink.delete(link)) : this.everyLink.delete(link)));
		this.emit('link', link);
		if (link.cutAt?.bytes === 0) link.cutHere(link.cutAt, link.lanes[link.cutAt.direction]);
	}

	/** Ends all connections; gives how many there were. */
	cut(how = 'rst') {
		const links = [...this.links].filter((link) => !link.swallowing);
		for (const link of links) link.cut(how);
		return links.length;
	}

	/** Cuts one connection when `bytes` of `direction` went through: `link`, counted from its beginning, or else the next to come. */
	cutAfter({ direction, bytes, how = 'rst', lingerMs = 5, link = null }) {
		const cut = { direction, bytes, how, lingerMs };
		if (!link) {
			this.armed = cut;
			return;
		}
		link.cutAt = cut;
		const lane = link.lanes[direction];
		if (lane.bytes >= bytes) link.cutHere(cut, lane);
	}

	/** As cutAfter, so many bytes from now on the connection that is open, if any. */
	cutSoon({ direction, bytes, how }) {
		const link = [...this.links].reverse().find((l) => !l.swallowing && l.lanes);
		if (link) this.cutAfter({ direction, bytes: link.bytes[direction] + bytes, how, link });
		return Boolean(link);
	}

	stall(on) {
		this.stalling = on;
		if (on) for (const link of this.links) link.swallow();
	}

	hold(on) {
		this.holding = on;
		if (!on) this.flush();
	}

	delay(ms, jitterMs = 0) {
		this.delayMs = ms;
		this.jitterMs = jitterMs;
	}

	throttle(bytesPerSecond) {
		this.bytesPerSecond = bytesPerSecond;
		if (!bytesPerSecond) this.flush();
	}

	refuse(on) {
		this.refusing = on;
	}

	flush() {
		for (const link of this.links) for (const lane of Object.values(link.lanes ?? {})) lane.flush();
	}

	/** No faults any more. Black holes stay: that a connection is one, its ends must notice by themselves. */
	heal() {
		this.armed = null;
		this.refuse(false);
		this.delay(0);
		this.stall(false);
		this.hold(false);
		this.throttle(0);
	}

	get passing() {
		return !this.stalling && !this.holding && !this.refusing;
	}

	async close() {
		for (const link of this.everyLink) link.destroy();
		await new Promise((resolve) => this.server.close(resolve));
	}
}
