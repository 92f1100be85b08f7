"""Flower: a lens for operators; what it forgets, Postgres knows."""

import os

address = os.environ.get("FLOWER_ADDRESS", "127.0.0.1")
port = int(os.environ.get("FLOWER_PORT", "5555"))
url_prefix = os.environ.get("FLOWER_URL_PREFIX", "flower")
basic_auth = [entry for entry in os.environ.get("FLOWER_BASIC_AUTH", "").split(",") if entry]
persistent = True
db = os.environ.get("FLOWER_DB", "flower.db")
state_save_interval = 10_000
max_tasks = 10_000
purge_offline_workers = 600
enable_events = True
read_only = os.environ.get("FLOWER_READ_ONLY", "true") == "true"
tasks_columns = "name,uuid,state,args,received,started,runtime,worker"

if not basic_auth:
    raise SystemExit("flower: FLOWER_BASIC_AUTH is missing; it shows what runs, so it is never open")
