import { backoff } from './backoff';
import { readFrame, type ClientFrame, type LiveEvent } from './frames';

/** connecting: first tries · live · polling: blocked, so asked every 30 s · paused: tab hidden. */
export type LiveState = 'connecting' | 'live' | 'polling' | 'paused';

export interface LiveOptions {
  open: () => WebSocket;
  token: () => string | null;
  onEvents: (events: LiveEvent[]) => void;
  /** Events were missed (or may have been): what was read before must be read again. */
  onReset: () => void;
  onState: (state: LiveState) => void;
  random?: () => number;
}

const READY_WITHIN_MS = 1_000;
const SILENCE_MS = 45_000;
const PING_MS = 20_000;
const POLL_MS = 30_000;
const HIDDEN_GRACE_MS = 30_000;
const TRIES_BEFORE_POLLING = 3;

/**
 * The page's one socket: keeps its topics, its place in the stream and itself alive.
 *
 * A dropped connection resumes after the last event seen, so nothing is missed; the server says
 * `reset` when it no longer has that far back.
 */
export class LiveSocket {
  private socket: WebSocket | null = null;
  private readonly topics = new Map<string, number>();
  private after: string | null = null;
  private failures = 0;
  private started = false;
  private state: LiveState = 'connecting';
  private timers: Partial<
    Record<'retry' | 'silence' | 'ping' | 'poll' | 'hidden' | 'ready', number>
  > = {};
  private batch: LiveEvent[] = [];
  private frame: number | null = null;
  private settleReady: (() => void) | null = null;
  /** When the server last said anything, in milliseconds since 1970. */
  heardAt = Date.now();
  /** The page began to read before the stream stood: what happened meanwhile is not known. */
  private blind = false;

  /** Resolves when the stream stands, its first try failed, or a second has passed. */
  readonly ready = new Promise<void>((resolve) => {
    this.settleReady = resolve;
  });

  constructor(private readonly options: LiveOptions) {}

  start(): void {
    if (this.started) return;
    this.started = true;
    document.addEventListener('visibilitychange', this.onVisibility);
    window.addEventListener('online', this.onOnline);
    this.timers.ready = window.setTimeout(() => this.letRead(), READY_WITHIN_MS);
    this.connect();
  }

  stop(): void {
    this.started = false;
    document.removeEventListener('visibilitychange', this.onVisibility);
    window.removeEventListener('online', this.onOnline);
    this.clear('retry', 'poll', 'hidden', 'ready');
    this.drop();
  }

  /** Follow a topic until the returned function is called; followers are counted. */
  follow(topic: string): () => void {
    const before = this.topics.get(topic) ?? 0;
    this.topics.set(topic, before + 1);
    if (before === 0) this.send({ type: 'subscribe', topics: [topic] });
    let done = false;
    return () => {
      if (done) return;
      done = true;
      const left = (this.topics.get(topic) ?? 1) - 1;
      if (left > 0) return void this.topics.set(topic, left);
      this.topics.delete(topic);
      this.send({ type: 'unsubscribe', topics: [topic] });
    };
  }

  /** Say hello again, as whoever is signed in now. */
  reintroduce(): void {
    if (this.socket) this.reconnectNow();
  }

  private connect(): void {
    this.clear('retry');
    const socket = this.options.open();
    this.socket = socket;
    socket.onopen = () => this.hello();
    socket.onmessage = (message) => this.receive(message.data);
    socket.onclose = () => this.lost(socket);
    socket.onerror = () => socket.close();
    this.hear();
  }

  private hello(): void {
    const token = this.options.token();
    this.send({
      type: 'hello',
      ...(token ? { token } : {}),
      topics: [...this.topics.keys()],
      ...(this.after ? { after: this.after } : {}),
    });
  }

  private receive(data: unknown): void {
    this.heardAt = Date.now();
    this.hear();
    const frame = readFrame(data);
    if (frame?.type === 'welcome') this.welcome(frame.after);
    else if (frame?.type === 'event') this.queue(frame);
    else if (frame?.type === 'reset') this.reset(frame.after);
    else if (frame?.type === 'ping') this.send({ type: 'pong' });
  }

  private welcome(after: string | null): void {
    this.failures = 0;
    this.after ??= after;
    this.clear('poll');
    this.setState('live');
    this.letRead();
    this.clear('ping');
    this.timers.ping = window.setInterval(() => this.send({ type: 'ping' }), PING_MS);
    if (!this.blind) return;
    this.blind = false;
    this.options.onReset();
  }

  private letRead(): void {
    this.clear('ready');
    if (this.after === null) this.blind = true;
    this.settleReady?.();
  }

  private reset(after: string | null): void {
    this.after = after;
    this.batch = [];
    this.options.onReset();
  }

  private queue(event: LiveEvent): void {
    this.after = event.id;
    this.batch.push(event);
    if (this.frame !== null) return;
    const flush = () => this.flush();
    // A hidden page draws no frames; its events must not pile up.
    this.frame = document.hidden ? window.setTimeout(flush, 250) : requestAnimationFrame(flush);
  }

  private flush(): void {
    this.frame = null;
    const events = this.batch;
    this.batch = [];
    if (events.length > 0) this.options.onEvents(events);
  }

  private lost(socket: WebSocket): void {
    if (socket !== this.socket) return;
    this.drop();
    this.letRead();
    if (!this.started || this.state === 'paused') return;
    const wait = backoff(this.failures, this.options.random);
    this.failures += 1;
    this.setState(this.failures >= TRIES_BEFORE_POLLING ? 'polling' : 'connecting');
    this.timers.retry = window.setTimeout(() => this.connect(), wait);
  }

  private setState(state: LiveState): void {
    if (state === 'polling' && this.timers.poll === undefined) {
      this.timers.poll = window.setInterval(() => this.options.onReset(), POLL_MS);
    }
    if (state === this.state) return;
    this.state = state;
    this.options.onState(state);
  }

  /** Something was heard: a line that then stays silent too long is taken for dead. */
  private hear(): void {
    this.clear('silence');
    const socket = this.socket;
    this.timers.silence = window.setTimeout(() => {
      if (!socket) return;
      socket.close();
      this.lost(socket);
    }, SILENCE_MS);
  }

  private readonly onVisibility = () => {
    this.clear('hidden');
    if (document.hidden) {
      this.timers.hidden = window.setTimeout(() => {
        this.setState('paused');
        this.clear('retry', 'poll');
        this.drop();
      }, HIDDEN_GRACE_MS);
    } else if (this.state === 'paused') {
      this.reconnectNow();
    }
  };

  private readonly onOnline = () => {
    if (this.state !== 'live' && this.state !== 'paused') this.reconnectNow();
  };

  private reconnectNow(): void {
    this.drop();
    this.setState('connecting');
    this.connect();
  }

  private drop(): void {
    this.clear('silence', 'ping');
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    if (socket.readyState <= WebSocket.OPEN) socket.close();
  }

  private send(frame: ClientFrame): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private clear(...names: (keyof typeof this.timers)[]): void {
    for (const name of names) {
      window.clearTimeout(this.timers[name]);
      this.timers[name] = undefined;
    }
  }
}
