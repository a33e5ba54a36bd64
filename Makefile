# Every chore of the house. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python

# A stamp is named after what it installed, so that an unchanged lock is never installed twice
# and the second `make run` or `make test` asks nothing of the network.
sum = $(shell cat $(1) | cksum | cut -d' ' -f1)
RUN_STAMP := $(VENV)/.run-$(call sum,requirements/run.txt)
TEST_STAMP := $(VENV)/.test-$(call sum,requirements/run.txt requirements/test.txt)
INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

# More workers than this only fight over the one disk that the databases share.
TEST_WORKERS ?= 4
# Pages are tested in a real browser. Where the checks of a change run (CI), it must be there.
BROWSER := $(or $(CI),$(CHROMIUM),$(firstword $(foreach name,chromium chromium-browser google-chrome google-chrome-stable,$(shell command -v $(name)))))
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help assets setup run test test-fast lint format types contracts check bench openapi example lock audit clean

help: ## 列出所有命令 · list every chore
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(TEST_STAMP) ## 准备 .venv（锁定版本、校验哈希） · make .venv from the hashed locks

run: $(RUN_STAMP) ## 一条命令启动演示商城 · the whole mall, with demo data, in the foreground
	@exec $(PY) -m flask --app app demo $(ARGS)

test: $(TEST_STAMP) ## 全部测试（SQLite 与 PostgreSQL） · every test, on SQLite and on PostgreSQL
	$(if $(BROWSER),,@echo "没有找到 chromium，不测页面 · no chromium found: the pages are not tested")
	$(PY) -m pytest -n auto --maxprocesses $(TEST_WORKERS) --dist worksteal \
		$(if $(BROWSER),,-m "not browser") $(ARGS)

test-fast: $(TEST_STAMP) ## 只用 SQLite、跳过慢测试 · SQLite only, without the slow ones
	$(PY) -m pytest -n auto --maxprocesses $(TEST_WORKERS) --dist worksteal \
		-m "not slow" --database=sqlite $(ARGS)

check: lint types contracts test ## 提交前的一切检查 · lint, types, contracts and tests

lint: $(TEST_STAMP) ## 代码风格 · ruff check and ruff format --check
	$(PY) -m ruff check
	$(PY) -m ruff format --check

format: $(TEST_STAMP) ## 自动整理格式 · ruff's own mends
	$(PY) -m ruff check --fix-only --quiet
	$(PY) -m ruff format

types: $(TEST_STAMP) ## 类型检查 · mypy --strict
	$(PY) -m mypy

contracts: $(TEST_STAMP) ## 依赖方向 · import-linter: imports only go down
	$(PY) -c 'from importlinter.cli import lint_imports_command as lint; lint()'

bench: $(TEST_STAMP) ## 性能对比 · throughput as a ratio to a bare Flask route
	$(PY) -m benchmarks $(ARGS)

openapi: $(RUN_STAMP) ## 导出 OpenAPI 文档 · write docs/openapi.json
	$(PY) -m flask --app app openapi write $(ARGS)

example: $(RUN_STAMP) ## 重写 instance/config.example.py · write the example of every setting
	$(PY) -m flask --app app settings example > instance/config.example.py.new
	mv instance/config.example.py.new instance/config.example.py

lock: ## 重新锁定依赖 · lock the dependencies anew (needs the network)
	@set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools"; "$$tools/bin/python" -m pip install --quiet --disable-pip-version-check uv; \
	cd requirements; \
	for part in run test; do "$$tools/bin/"$(LOCK) $(ARGS) $$part.in --output-file $$part.txt > /dev/null; done

assets: $(TEST_STAMP) ## 重做后台样式表（需 Node） · cut Tabler's style sheet to what our templates use (needs Node)
	npm install --silent --no-save --prefix build/assets @tabler/core@1.6.1 purgecss@8.0.0
	node tools/tabler.mjs build/assets
	$(PY) tools/vendor_lock.py

audit: ## 查已知漏洞 · known vulnerabilities; says "not audited" where no advisory can be reached
	@PYTHON=$(PYTHON) bash requirements/audit.sh

clean: ## 删除 .venv 与缓存（不动 instance） · remove .venv and caches; instance/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN_STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "需要 Python 3.11 或更新版本：请用 make PYTHON=python3.12 指定解释器。" \
		"Python 3.11 or newer is needed: name one with make PYTHON=python3.12." >&2; exit 1; }
	@$(PY) -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
		echo "无法创建虚拟环境：Debian/Ubuntu 请先安装 python3-venv。" \
		"No virtual environment could be made: on Debian or Ubuntu install python3-venv." >&2; exit 1; }
	@echo "正在安装依赖… Installing what the mall runs on…"
	@$(PY) $(INSTALL) -r requirements/run.txt
	@touch $@

$(TEST_STAMP): $(RUN_STAMP)
	@echo "正在安装测试工具… Installing what the tests and checks need…"
	@$(PY) $(INSTALL) -r requirements/test.txt
	@touch $@
