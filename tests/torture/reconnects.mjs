// How long the client takes to be online again once nothing stands in its way, and how much of the time it was.

export class Reconnects {
	/** `possible()` says whether a connection could be made now. */
	constructor(possible) {
		Object.assign(this, { possible, online: false, since: null, samples: [], onlineMs: 0, changedAt: Date.now(), startedAt: Date.now() });
	}

	set(online) {
		const now = Date.now();
		if (this.online) this.onlineMs += now - this.changedAt;
		this.changedAt = now;
		this.online = online;
	}

	/** The connection there was is certainly gone. */
	broken() {
		this.set(false);
		this.since = null;
		this.look();
	}

	/** Something started, stopped, or went on. */
	look() {
		if (this.online) return;
		if (!this.possible()) this.since = null;
		else this.since ??= Date.now();
	}

	/** The client's own word. */
	told(state) {
		if (state === 'online') {
			if (!this.online && this.since !== null) this.samples.push(Date.now() - this.since);
			this.set(true);
			this.since = null;
		} else if (this.online) {
			this.broken();
		}
	}

	get figures() {
		this.set(this.online);
		const sorted = [...this.samples].sort((a, b) => a - b);
		return {
			reconnects: sorted.length,
			reconnectP50Ms: sorted.length ? sorted[Math.floor((sorted.length - 1) / 2)] : null,
			reconnectMaxMs: sorted.at(-1) ?? null,
			onlinePercent: Math.round((this.onlineMs * 100) / Math.max(1, Date.now() - this.startedAt)),
		};
	}
}
