#!/usr/bin/env node
// Since Node 22.8: what V8 compiled last time is used again.
require('node:module').enableCompileCache?.();
require('../dist/cli/main.cjs');
