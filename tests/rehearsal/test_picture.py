"""The production picture, box by box (S1 to S16): what the files of the deployment must name as the picture names it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
NGINX = "".join(file.read_text() for file in sorted((ROOT / "nginx").rglob("*.conf")))


@pytest.fixture(scope="module")
def stack() -> dict[str, Any]:
    """The production stack as its file says it."""
    return dict(yaml.safe_load((DEPLOY / "docker-compose.prod.yml").read_text()))


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    """The workflow as its file says it; YAML reads its key `on` as true."""
    return dict(yaml.safe_load((ROOT / ".github" / "workflows" / "ci-cd.yml").read_text()))


def steps(workflow: dict[Any, Any], job: str) -> str:
    """Return everything the steps of a job say, in one text."""
    return yaml.safe_dump(workflow["jobs"][job]["steps"], width=10_000)


def test_s2_the_workflow_is_triggered_by_pushes_and_pull_requests(workflow: dict[Any, Any]) -> None:
    """Push to main and production, and a pull request to main."""
    triggers = workflow[True]

    assert ["main", "production"] == triggers["push"]["branches"]
    assert ["main"] == triggers["pull_request"]["branches"]


def test_s3_to_s6_the_jobs_follow_each_other(workflow: dict[Any, Any]) -> None:
    """Test & Quality, Build Images, Deploy, Notify."""
    jobs = workflow["jobs"]

    assert ["Test & Quality", "Build Images", "Deploy", "Notify"] == [job["name"] for job in jobs.values()]
    assert ("test", "build") == (jobs["build"]["needs"], jobs["deploy"]["needs"])
    assert "deploy" in jobs["notify"]["needs"]


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ("test", "actions/checkout@v4"),
        ("test", "node-version: 20"),
        ("test", "pnpm@10.10.0"),
        ("test", "pnpm install"),
        ("test", "pnpm lint"),
        ("test", "pnpm build"),
        ("test", ".ci/run lint types imports test"),
        ("build", "names.sh"),
        ("build", "linux/amd64"),
        ("build", "docker login"),
        ("build", "build-image.sh backend"),
        ("build", "build-image.sh frontend"),
        ("build", "build-image.sh worker"),
        ("build", "publish-images.sh"),
        ("deploy", "package.sh"),
        ("deploy", "ssh-deploy.sh deploy"),
        ("deploy", 'wait-health.sh https://city-pulse.app "$VERSION" 300'),
        ("deploy", "ssh-deploy.sh rollback"),
        ("notify", "notify.sh https://city-pulse.app"),
    ],
)
def test_s3_to_s6_each_step_is_there(workflow: dict[Any, Any], job: str, words: str) -> None:
    """As the picture writes them."""
    assert words in steps(workflow, job)


@pytest.mark.parametrize("tier", ["backend", "frontend"])
def test_s4_each_tier_has_a_dockerfile_and_a_versioned_image(stack: dict[str, Any], tier: str) -> None:
    """ghcr.io/<repository>/citypulse-<tier>:v1.2.3, from Dockerfile.prod."""
    images = {service.get("image") for service in stack["services"].values()}

    assert (DEPLOY / "docker" / tier / "Dockerfile.prod").is_file()
    assert f"${{REGISTRY:-ghcr.io}}/${{REPO_LOWER:?}}/citypulse-{tier}:${{VERSION:?}}" in images


@pytest.mark.parametrize(
    ("service", "container"),
    [
        ("nginx", "citypulse-nginx-prod"),
        ("backend-blue", "citypulse-backend-prod-blue"),
        ("backend-green", "citypulse-backend-prod-green"),
        ("frontend", "citypulse-frontend-prod"),
        ("postgres", "citypulse-postgres-prod"),
        ("redis", "citypulse-redis-prod"),
        *((f"worker-{queue}", f"citypulse-worker-{queue}-prod") for queue in ("critical", "email", "feeds")),
        *((f"worker-{queue}", f"citypulse-worker-{queue}-prod") for queue in ("uploads", "bulk")),
        ("beat", "citypulse-beat-prod"),
        ("flower", "citypulse-flower-prod"),
    ],
)
def test_s7_to_s11_each_container_has_its_name_and_its_health(
    stack: dict[str, Any], service: str, container: str
) -> None:
    """Each tier is a container of its own, watched, on the one network."""
    told = stack["services"][service]

    assert container == told["container_name"]
    assert told["healthcheck"]["test"]
    assert ["citypulse-network"] == told["networks"]


def test_s7_the_edge_is_nginx_1_25_with_its_limit_and_sockets(stack: dict[str, Any]) -> None:
    """Ports 80 and 443, ten requests a second, upgrades, and a challenge for Let's Encrypt."""
    assert (
        "ARG NGINX_IMAGE=nginx:1.25-alpine" in (DEPLOY / "docker" / "nginx" / "Dockerfile.prod").read_text()
    )
    assert ["${HTTP_BIND:-80}:80", "${HTTPS_BIND:-443}:443"] == stack["services"]["nginx"]["ports"]
    assert (ROOT / "nginx" / "nginx-domain.conf").is_file()
    assert "zone=api:10m rate=10r/s" in NGINX
    assert "proxy_set_header Upgrade $http_upgrade" in NGINX
    assert "/.well-known/acme-challenge/" in NGINX
    assert ["loop"] == stack["services"]["certbot"]["command"]


def test_s8_to_s10_ports_and_checks_are_the_picture_s(stack: dict[str, Any]) -> None:
    """5000 and /health, 3001 to 80 asked on localhost, 5432 and pg_isready."""
    services = stack["services"]
    health = (DEPLOY / "docker" / "health.py").read_text()

    assert "5000" == services["backend-blue"]["healthcheck"]["test"][-1]
    assert 'path: str = "/health"' in health
    assert ["127.0.0.1:${FRONTEND_PORT:-3001}:80"] == services["frontend"]["ports"]
    assert "http://127.0.0.1:80/healthz" in services["frontend"]["healthcheck"]["test"]
    assert "pg_isready" in services["postgres"]["healthcheck"]["test"][-1]
    assert "@postgres:5432/" in services["backend-blue"]["environment"]["DATABASE_URL"]
    assert "${POSTGRES_IMAGE:-postgres:15-alpine}" == services["postgres"]["image"]


def test_s10_the_schema_has_21_tables_or_more() -> None:
    """Counted in the migration that makes them."""
    made = "".join(file.read_text() for file in (ROOT / "shared" / "migrations" / "versions").glob("*.py"))

    assert 21 <= len(re.findall(r"op\.create_table\(", made))


def test_s12_network_and_volumes_bear_the_picture_s_names(stack: dict[str, Any]) -> None:
    """citypulse-network; postgres_data, uploads_data and letsencrypt, mounted where they belong."""
    services = stack["services"]

    assert "citypulse-network" == stack["networks"]["citypulse-network"]["name"]
    assert {"postgres_data", "uploads_data", "letsencrypt"} <= {
        (volume or {}).get("name", name) for name, volume in stack["volumes"].items()
    }
    assert any(each.startswith("postgres_data:") for each in services["postgres"]["volumes"])
    assert any(each.startswith("uploads_data:") for each in services["backend-blue"]["volumes"])
    assert any(each.startswith("letsencrypt:") for each in services["nginx"]["volumes"])


@pytest.mark.parametrize(
    "name",
    [
        "JWT_SECRET",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "POSTGRES_DB",
        "GOOGLE_CLIENT_ID",
        "GOOGLE_CLIENT_SECRET",
        "SENDGRID_API_KEY",
        "EMAIL_FROM",
    ],
)
def test_s13_to_s15_the_environment_is_documented_and_insisted_upon(name: str) -> None:
    """The example names it, and Compose refuses to start where it is not named."""
    assert re.search(rf"^{name}=", (DEPLOY / ".env.prod.example").read_text(), re.MULTILINE)
    assert re.search(rf"\${{{name}:?\?", (DEPLOY / "docker-compose.prod.yml").read_text())


def test_s16_the_backend_is_told_whom_the_health_page_asks(stack: dict[str, Any]) -> None:
    """The page's server and the edge are asked over the network; everything else it knows itself."""
    told = stack["services"]["backend-blue"]["environment"]

    assert ("http://frontend:80/healthz", "http://nginx:8081/nginx_status") == (
        told["FRONTEND_URL"],
        told["NGINX_STATUS_URL"],
    )
