# For the tests that want a real browser: CHROMIUM, and NODE_FOLDER, which holds node_modules with the
# one package that drives it. npm puts that into the build folder once.
# lacks_browser: prints what is missing, or nothing.
CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
NODE_FOLDER=${VIGIE_BUILD_DIR:?}/node
lacks_browser() {
    command -v node >/dev/null || { echo "node is not installed"; return; }
    [ -x "$CHROMIUM" ] || { echo "chromium is not installed"; return; }
    [ ! -d "$NODE_FOLDER/node_modules/playwright-core" ] || return 0
    command -v npm >/dev/null || { echo "npm is not installed"; return; }
    mkdir -p "$NODE_FOLDER"
    (cd "$NODE_FOLDER" && npm install --ignore-scripts --no-audit --no-fund --no-save \
        playwright-core@1.60.0 >npm.log 2>&1) || echo "npm cannot fetch playwright-core"
}
