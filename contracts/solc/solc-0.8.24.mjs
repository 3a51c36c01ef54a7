#!/usr/bin/env node
// The compiler of Synthetix V3's contracts.
import { run } from './compiler.mjs'

run('solc-0.8.24')
