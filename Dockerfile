# One image for web, worker and beat; docker-compose.yml says which is which.
FROM python:3.11-slim-bookworm

# Pango draws the PDFs; gettext compiles the translations.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gettext libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 10001 portal
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

COPY requirements.lock ./
RUN python -m venv .venv \
    && pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock

COPY . .
# What is made from the source is made here, once; the key is needed to start Django and protects nothing.
RUN SECRET_KEY=only-while-the-image-is-built python manage.py collectstatic --no-input --verbosity 0 \
    && python -c "from jarfalla.catalogues import compile_catalogues; compile_catalogues()" \
    && python -c "from pathlib import Path; from jarfalla.print_fonts import print_fonts; print_fonts(Path('var'))" \
    && mkdir -p var/media && chown -R portal:portal var

USER portal
EXPOSE 8000
CMD ["bin/web"]
