/** The made-up city behind the mock. */

type Json = Record<string, unknown>;
interface Event {
  id: string;
  topic: string;
  name: string;
  data: Json;
  at: string;
}

const WORKS = ['Water main repair', 'Gas works', 'Lane closed', 'Carriageway resurfacing'];
const REQUESTS = ['Blocked drain', 'Broken street light', 'Overflowing bin', 'Graffiti on wall'];
const EVENTS = ['Open-air concert', 'Farmers market', 'Council meeting', 'Park run'];
const ALERTS = ['Minor delays on the Central line', 'Part closure, Northern line', 'Wind warning'];
const NEWS = ['New crossing opens', 'Consultation on river path', 'Library hours extended'];
const STREETS = ['Strand', 'Mare Street', 'Upper Street', 'Old Kent Road', 'Brixton Hill'];
const STEPS = ['received', 'photo', 'located', 'duplicates', 'published', 'mail'];
const PIXEL = '/icon.svg';

export class World {
  sequence = 100;
  private seed = 7;
  private readonly listeners = new Set<(event: Event) => void>();
  private readonly features: Json[] = [];
  private readonly vehicles: Json[] = [];
  private readonly things: Json[] = [];
  private readonly reports: Json[] = [];
  private readonly jobs: Json[] = [];
  private readonly feeds: Json[];
  private readonly mails: Json[] = [];

  constructor(private readonly areas: string) {
    this.feeds = [
      this.feed('works', 'Street works', 'arcgis', 'fresh'),
      this.feed('requests', 'Service requests', 'open311', 'late'),
      this.feed('events', 'What is on', 'ical', 'fresh'),
      this.feed('alerts', 'Transit notices', 'gtfs_rt', 'stale'),
      this.feed('news', 'City news', 'rss', 'dead'),
      this.feed('trains', 'Train positions', 'gtfs_rt', 'fresh'),
      this.feed('bikes', 'Hire bikes', 'gbfs', 'fresh'),
    ];
    for (let i = 0; i < 420; i++) this.features.push(this.feature(i));
    for (let i = 0; i < 140; i++) this.vehicles.push(this.vehicle(i));
    for (let i = 0; i < 160; i++) this.things.push(this.thing(i));
    for (let i = 0; i < 9; i++) this.reports.push(this.report(i));
    for (let i = 0; i < 60; i++) this.jobs.push(this.job(i));
    this.mails.push(this.mail('resident@example.org', 'We have your report LDN-000008'));
    setInterval(() => this.moveVehicles(), 1_000).unref();
    setInterval(() => this.newFeature(), 7_000).unref();
    setInterval(() => this.advanceJob(), 3_000).unref();
  }

  onEvent(listener: (event: Event) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  answer(method: string, url: URL, body: string): { status: number; json: unknown } {
    const path = url.pathname.replace('/api/v1', '');
    const ok = (json: unknown, status = 200) => ({ status, json });
    const list = (items: Json[], more: Json = {}) => ok({ items, next: null, ...more });
    const byId = (items: Json[], id: string | undefined) => {
      const found = items.find((item) => item.id === id);
      return found
        ? ok(found)
        : ok(
            { type: 'about:blank', title: 'Not found', status: 404, detail: 'No such item.' },
            404,
          );
    };
    const [, noun, id, verb] = path.split('/');
    const kinds = url.searchParams.get('state');
    if (method === 'POST' && path === '/reports') return ok(this.file(body), 202);
    if (method === 'POST' && noun === 'auth') {
      if (id === 'logout') return ok({}, 204);
      if (id === 'refresh') return ok({ title: 'Unauthorized', status: 401 }, 401);
      if (!body.includes('admin')) {
        return ok(
          { title: 'Wrong email or password.', status: 401, detail: 'Wrong email or password.' },
          401,
        );
      }
      return ok({
        access_token: 'mock',
        expires_in: 900,
        user: { id: 'u-1', email: 'admin@example.org', name: 'Ada Admin', role: 'admin' },
      });
    }
    if (method === 'POST' && noun === 'feeds' && verb === 'reprocess') {
      return ok({ job_id: this.reprocess(id ?? '') }, 202);
    }
    if (method === 'POST') return ok({ job_id: 'job-3' }, 202);
    if (url.pathname === '/config.json') {
      return ok({
        city: 'london',
        cities: ['london'],
        mailbox: true,
        google: true,
        version: '0.1.0-mock',
        simulated: true,
      });
    }
    switch (noun) {
      case 'cities':
        return verb === 'areas' ? ok(JSON.parse(this.areas)) : ok(this.city());
      case 'features': {
        if (id) {
          const found = byId(this.features, id);
          return found.status === 200
            ? ok({
                ...(found.json as Json),
                versions: [
                  { version: 1, changed_at: ago(90), changes: { status: ['planned', 'open'] } },
                ],
              })
            : found;
        }
        const q = url.searchParams.get('q')?.toLowerCase();
        return list(
          this.features
            .filter((f) => !q || String(f.title).toLowerCase().includes(q))
            .slice(0, 500),
        );
      }
      case 'vehicles':
        return verb === 'trip' ? ok(this.trip(id ?? '')) : list(this.vehicles);
      case 'things':
        return verb === 'departures' ? ok(this.departures(id ?? '')) : list(this.things);
      case 'datastreams':
        return ok({
          datastream: {
            id,
            observed_property: 'bikes_available',
            unit: 'bikes',
            result: 5,
            phenomenon_time: ago(1),
          },
          items: Array.from({ length: 96 }, (_, i) => ({
            phenomenon_time: ago((96 - i) * 15),
            result: Math.round(8 + 6 * Math.sin(i / 9) + this.random() * 2),
          })),
        });
      case 'pulse':
        return ok(this.pulse());
      case 'reports':
        if (id === 'categories')
          return list(
            ['Pothole', 'Street light', 'Fly-tipping', 'Graffiti', 'Blocked drain'].map((name) => ({
              code: name.toLowerCase(),
              name,
              description: null,
            })),
          );
        if (id === 'queue') {
          const wanted = url.searchParams.get('status')?.split(',');
          const count = (status: string) => this.reports.filter((r) => r.status === status).length;
          const statuses = ['received', 'published', 'in_progress', 'resolved', 'closed'];
          return list(
            this.reports.filter((r) => !wanted || wanted.includes(String(r.status))),
            {
              counts: {
                by_status: Object.fromEntries(statuses.map((one) => [one, count(one)])),
                oldest_open: ago(540),
              },
            },
          );
        }
        return id ? byId(this.reports, id) : list(this.reports);
      case 'jobs':
        if (id) {
          const found = byId(this.jobs, id);
          return found.status === 200 ? ok({ ...(found.json as Json), ...this.history() }) : found;
        }
        return list(
          this.jobs.filter((job) => !kinds || kinds.split(',').includes(String(job.state))),
          { counts: this.counts() },
        );
      case 'queues':
        return list(
          ['critical', 'email', 'feeds', 'uploads', 'bulk'].map((name, i) => ({
            name,
            paused: name === 'bulk',
            queued: i * 3,
            running: i % 2,
            retryable: 0,
            dead: i === 1 ? 2 : 0,
            oldest_queued_seconds: i * 4,
            workers: 1,
          })),
        );
      case 'feeds':
        if (verb === 'runs') return list(this.runs(id ?? ''));
        if (verb === 'rejects')
          return list([
            {
              reason: 'position_missing',
              detail: 'no latitude',
              record: { id: 12, lat: null },
              external_id: '12',
              at: ago(4),
            },
          ]);
        return id ? byId(this.feeds, id) : list(this.feeds);
      case 'mailbox':
        return id ? byId(this.mails, id) : list(this.mails);
      case 'status':
        return ok(this.status());
      default:
        return ok({ title: 'Not found', status: 404 }, 404);
    }
  }

  private random(): number {
    this.seed = (this.seed * 16_807) % 2_147_483_647;
    return this.seed / 2_147_483_647;
  }

  private pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T;
  }

  private place(): { lon: number; lat: number } {
    const r = () => (this.random() + this.random() + this.random()) / 3 - 0.5;
    return { lon: -0.11 + r() * 0.55, lat: 51.51 + r() * 0.28 };
  }

  private timed(index: number, minutes: number): Json {
    const feed = this.feeds[index] as Json;
    return {
      times: { observed_at: ago(minutes), fetched_at: ago(minutes / 2), published_at: null },
      freshness: feed.freshness,
      source: {
        feed_id: feed.id,
        name: feed.name,
        kind: feed.kind,
        attribution: feed.attribution,
        license: feed.license,
        url: feed.url,
        simulated: true,
      },
    };
  }

  private feature(i: number): Json {
    const kind = this.pick([0, 0, 1, 1, 1, 2, 3, 4]);
    const title = this.pick([WORKS, REQUESTS, EVENTS, ALERTS, NEWS][kind] as string[]);
    const minutes = i * 3 + this.random() * 3;
    return {
      id: `f-${i}`,
      city: 'london',
      kind: ['road_work', 'service_request', 'event', 'alert', 'news'][kind],
      external_id: `x-${i}`,
      title: kind < 2 ? `${title}, ${this.pick(STREETS)}` : title,
      description: 'Expected to last until the end of the week. Pedestrians can pass.',
      status: this.pick(['open', 'in progress', 'planned']),
      severity: null,
      category: null,
      address: `${this.pick(STREETS)}, London`,
      url: 'https://example.org/item',
      geometry: null,
      ...this.place(),
      starts_at: null,
      ends_at: null,
      updated_at: ago(minutes),
      properties: { lanes_closed: 1, promoter: 'Thames Water' },
      version: 1,
      withdrawn: false,
      ...this.timed(kind, minutes),
    };
  }

  private vehicle(i: number): Json {
    const kind = this.pick(['bus', 'subway', 'tram', 'ferry', 'rail']);
    return {
      id: `v-${i}`,
      external_id: String(1_000 + i),
      kind,
      label: String(1_000 + i),
      route: this.pick(['12', 'Central', 'Victoria', 'RB1', '73']),
      ...this.place(),
      bearing: Math.floor(this.random() * 360),
      speed_mps: 6,
      trip_id: null,
      properties: {},
      ...this.timed(5, 0.2),
    };
  }

  private trip(vehicle: string): Json {
    return {
      ...this.line(0),
      vehicle_id: vehicle,
      calls: STREETS.map((name, i) => ({
        stop_id: `stop-${i}`,
        thing_id: `stop-${i}`,
        name,
        stop_sequence: i + 1,
        scheduled_arrival: null,
        scheduled_departure: ago(-4 * i),
        is_approximate: i % 2 === 1,
        predicted_arrival: null,
        predicted_departure: i === 3 ? null : ago(-4 * i - 2),
        delay_seconds: i === 3 ? null : 120,
        relationship: i === 3 ? 'skipped' : 'scheduled',
      })),
    };
  }

  private departures(id: string): Json {
    const { source } = this.timed(5, 0.2);
    return {
      thing: {
        ...this.thing(0),
        id,
        kind: 'transit_stop',
        name: STREETS[Number(id.split('-').at(-1))] ?? STREETS[0],
        properties: { code: '490' },
        datastreams: [],
      },
      feeds: [{ freshness: 'fresh', source }],
      items: Array.from({ length: 8 }, (_, i) => ({
        ...this.line(i),
        stop_id: id,
        stop_name: null,
        scheduled: ago(-3 * i - 1),
        is_approximate: i % 4 === 3,
        predicted: i === 2 ? null : ago(-3 * i - 1 - (i % 3)),
        delay_seconds: (i % 3) * 60,
      })),
    };
  }

  private line(i: number): Json {
    return {
      trip_id: `trip-${i}`,
      start_date: null,
      route: null,
      route_name: ['12', '73', 'N5'][i % 3],
      route_color: ['#b42335', '#0b5cad', null][i % 3],
      route_text_color: null,
      headsign: STREETS[i % STREETS.length],
      delay_seconds: 120,
      relationship: i === 2 ? 'canceled' : 'scheduled',
      ...this.timed(i === 4 ? 3 : 5, i === 4 ? 14 : 0.2),
    };
  }

  private thing(i: number): Json {
    const result = Math.floor(this.random() * 20);
    return {
      id: `t-${i}`,
      city: 'london',
      kind: 'bike_station',
      external_id: `s-${i}`,
      name: `${this.pick(STREETS)} ${i}`,
      ...this.place(),
      properties: { capacity: 24 },
      datastreams: [
        {
          id: `d-${i}`,
          observed_property: 'bikes_available',
          unit: 'bikes',
          result,
          phenomenon_time: ago(1),
        },
        {
          id: `e-${i}`,
          observed_property: 'docks_available',
          unit: 'docks',
          result: 24 - result,
          phenomenon_time: ago(1),
        },
      ],
      ...this.timed(6, 1),
    };
  }

  private report(i: number): Json {
    return {
      id: `r-${i}`,
      city: 'london',
      reference: `LDN-00000${i}`,
      category: 'pothole',
      title: `Pothole, ${this.pick(STREETS)}`,
      description: 'Deep, near the crossing.',
      status: this.pick(['received', 'published', 'in_progress', 'resolved']),
      ...this.place(),
      address: 'Strand',
      area: { id: 'a-1', name: 'Westminster' },
      created_at: ago(60 * i + 3),
      updated_at: ago(50 * i + 2),
      photos: [photo('ready')],
      steps: STEPS.map((key) => ({ key, state: 'done', at: ago(2), detail: null })),
      history: [
        { at: ago(60 * i + 3), status: 'received', note: null },
        { at: ago(50 * i + 2), status: 'published', note: 'Seen by the street team.' },
      ],
      supports: i,
      moves: ['in_progress', 'resolved', 'closed'],
      emails: [],
    };
  }

  private feed(slug: string, name: string, kind: string, freshness: string): Json {
    return {
      id: `feed-${slug}`,
      slug,
      city: 'london',
      name,
      kind,
      url: `http://127.0.0.1:9000/${slug}`,
      interval_seconds: 60,
      enabled: true,
      paused: slug === 'news',
      freshness,
      last_run: null,
      options: {},
      failures_in_a_row: 0,
      open_until: null,
      shrunk_since: null,
      drifted_since: null,
      lost_fields: [],
      ttl_seconds: null,
      newest_at: ago(2),
      last_success_at: ago(2),
      next_run_at: ago(-1),
      attribution: 'Simulated city data',
      license: 'CC0-1.0',
      simulated: true,
      counts: { features: 120, things: 0, vehicles: 0 },
    };
  }

  private job(i: number): Json {
    const state = this.pick([
      'succeeded',
      'succeeded',
      'succeeded',
      'running',
      'queued',
      'retryable',
      'dead',
      'cancelled',
      'scheduled',
    ]);
    return {
      id: `job-${i}`,
      kind: this.pick(['feeds.run', 'email.deliver', 'reports.triage', 'uploads.process_photo']),
      queue: this.pick(['feeds', 'email', 'critical', 'uploads']),
      state,
      priority: 5,
      attempt: state === 'retryable' ? 2 : 1,
      max_attempts: 8,
      progress: state === 'running' ? 40 : null,
      args: { feed_id: 'feed-works' },
      error:
        state === 'dead' || state === 'retryable'
          ? 'feed gbfs_bikes: HTTP 503 after 3 tries (12.4 s)'
          : null,
      run_at: ago(i),
      created_at: ago(i + 1),
      started_at: ago(i),
      finished_at: state === 'succeeded' ? ago(i - 0.1) : null,
      worker: 'feeds@local',
      reprocess_of: null,
      retry_of: null,
      batch_id: null,
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      cron_slot: ago(i),
      tenant: 'london',
    };
  }

  private history(): Json {
    return {
      attempts: [
        {
          attempt: 1,
          started_at: ago(3),
          finished_at: ago(2),
          outcome: 'transient',
          error: 'HTTP 503',
          worker: 'feeds@local',
        },
        {
          attempt: 2,
          started_at: ago(1),
          finished_at: null,
          outcome: null,
          error: null,
          worker: 'feeds@local',
        },
      ],
      timeline: ['created', 'queued', 'started', 'retry', 'started'].map((name, seq) => ({
        seq,
        at: ago(5 - seq),
        name,
        data: seq === 3 ? { wait_seconds: 12 } : null,
      })),
      lineage: [],
    };
  }

  private counts(): Json {
    const by_state: Record<string, number> = {};
    for (const job of this.jobs)
      by_state[String(job.state)] = (by_state[String(job.state)] ?? 0) + 1;
    return { by_state, by_queue: { feeds: 20, email: 4 } };
  }

  private runs(feed: string): Json[] {
    return Array.from({ length: 12 }, (_, i) => ({
      id: `${feed}-run-${i}`,
      job_id: `job-${i}`,
      started_at: ago(i * 5 + 1),
      finished_at: ago(i * 5 + 0.9),
      state: i === 4 ? 'failed' : i % 3 ? 'unchanged' : 'succeeded',
      http_status: i === 4 ? 503 : 200,
      bytes: 18_400,
      ttfb_ms: 31,
      sha256: 'a'.repeat(64),
      new: 2,
      changed: 3,
      same: 110,
      vanished: 1,
      rejected: i === 3 ? { position_missing: 2 } : {},
      error: i === 4 ? 'HTTP 503 after 3 tries' : null,
      reprocess_of: i === 0 ? 'x' : null,
      dry_run: i === 0,
      difference:
        i === 0
          ? {
              added: 3,
              changed: 5,
              removed: 1,
              examples: [{ external_id: 'x-7', changes: { status: ['open', 'closed'] } }],
            }
          : null,
    }));
  }

  private reprocess(_feed: string): string {
    return 'job-3';
  }

  private mail(to: string, subject: string): Json {
    return {
      id: `m-${this.mails.length}`,
      to,
      subject,
      html: '<h1>Thank you</h1><p>We have your report.</p>',
      text: 'Thank you.',
      created_at: ago(1),
      headers: { 'List-Unsubscribe': '<https://example.org>' },
    };
  }

  private city(): Json {
    return {
      slug: 'london',
      name: 'London',
      timezone: 'Europe/London',
      bounds: [-0.5104, 51.2867, 0.334, 51.6919],
      center: [-0.114, 51.513],
      zoom: 10.6,
      basemap: '/basemaps/london.pmtiles',
      attribution: [
        { text: 'Contains OS data © Crown copyright 2015', url: null },
        { text: '© OpenStreetMap contributors', url: 'https://www.openstreetmap.org/copyright' },
      ],
      simulated: true,
      kinds: ['service_request', 'alert', 'road_work', 'event', 'news'],
    };
  }

  private pulse(): Json {
    const tile = (key: string, label: string, value: number, unit: string, freshness: string) => ({
      key,
      label,
      value,
      unit,
      freshness,
      series: Array.from({ length: 24 }, (_, i) => [
        ago((24 - i) * 60),
        Math.round(value * (0.7 + 0.3 * Math.sin(i / 4) + this.random() * 0.1)),
      ]),
    });
    return {
      city: 'london',
      at: ago(0),
      tiles: [
        tile('service_requests_open', 'Open service requests', 163, '', 'late'),
        tile('vehicles_live', 'Vehicles live', 140, '', 'fresh'),
        tile('bikes_available', 'Bikes available', 1_604, 'bikes', 'fresh'),
        tile('reports_today', 'Reports today', 9, '', 'fresh'),
      ],
    };
  }

  private status(): Json {
    const names = [
      'postgres',
      'redis',
      'backend',
      'frontend',
      'nginx',
      'relay',
      'beat',
      'queue:critical',
      'queue:email',
      'queue:feeds',
    ];
    return {
      status: 'degraded',
      version: '0.1.0-mock',
      at: ago(0),
      components: names.map((name) => ({
        name,
        state: name === 'nginx' ? 'unknown' : name === 'queue:email' ? 'degraded' : 'ok',
        detail: name === 'queue:email' ? '2 dead letters' : null,
        told: [],
        since: ago(400),
      })),
      feeds: { fresh: 4, late: 1, stale: 1, dead: 1 },
    };
  }

  private emit(topic: string, name: string, data: Json): void {
    this.sequence += 1;
    const event = { id: String(this.sequence), topic, name, data, at: ago(0) };
    for (const tell of this.listeners) tell(event);
  }

  private moveVehicles(): void {
    const items = this.vehicles
      .filter((_, i) => i % 3 === this.sequence % 3)
      .map((v) => {
        const angle = (Number(v.bearing) * Math.PI) / 180;
        v.lon = Number(v.lon) + Math.sin(angle) * 0.0012;
        v.lat = Number(v.lat) + Math.cos(angle) * 0.0008;
        const { id, external_id, kind, label, route, lon, lat, bearing } = v;
        return { id, external_id, kind, label, route, lon, lat, bearing, observed_at: ago(0) };
      });
    this.emit('city:london', 'VehiclesMoved', { feed_id: 'feed-trains', city: 'london', items });
  }

  private newFeature(): void {
    const item = { ...this.feature(0), id: `f-new-${this.sequence}`, updated_at: ago(0) };
    this.features.unshift(item);
    this.emit('city:london', 'FeaturesChanged', {
      feed_id: 'feed-works',
      city: 'london',
      kind: 'road_work',
      items: [item],
      changed: 1,
      withdrawn: [],
    });
  }

  private advanceJob(): void {
    const job = this.jobs.find((one) => one.state === 'running');
    if (!job) return;
    job.progress = (Number(job.progress) + 15) % 100;
    const { id, kind, queue, state, progress, attempt } = job;
    for (const topic of ['ops', `job:${String(id)}`])
      this.emit(topic, 'JobChanged', { job_id: id, kind, queue, state, progress, attempt });
  }

  private file(body: string): Json {
    const report = this.report(this.reports.length);
    const withPhoto = body.includes('image/');
    Object.assign(report, {
      created_at: ago(0),
      updated_at: ago(0),
      status: 'received',
      photos: withPhoto ? [photo('processing')] : [],
      steps: STEPS.map((key) => ({ key, state: 'waiting', at: null, detail: null })),
    });
    this.reports.unshift(report);
    STEPS.forEach((key, i) => {
      setTimeout(
        () => {
          const steps = (report.steps as Json[]).map((step) =>
            step.key === key
              ? { ...step, state: key === 'photo' && !withPhoto ? 'skipped' : 'done', at: ago(0) }
              : step,
          );
          Object.assign(report, {
            steps,
            updated_at: ago(0),
            photos: withPhoto ? [photo(i > 0 ? 'ready' : 'processing')] : [],
            status: i > 3 ? 'published' : 'received',
          });
          for (const topic of ['city:london', `report:${String(report.id)}`])
            this.emit(topic, 'ReportChanged', { report_id: report.id, city: 'london', report });
        },
        900 * (i + 1),
      ).unref();
    });
    return {
      id: report.id,
      job_id: 'job-3',
      token: 'tok',
      progress_url: `/reports/${String(report.id)}/progress?t=tok`,
      status: 'received',
    };
  }
}

function photo(state: string): Json {
  const size = { url: PIXEL, width: 640, height: 480 };
  return {
    id: 'p-1',
    alt: 'Photo of the problem',
    width: 640,
    height: 480,
    sizes: { thumb: size, medium: size, large: size },
    state,
    reason: null,
  };
}

function ago(minutes: number): string {
  return new Date(Date.now() - minutes * 60_000).toISOString();
}
