-- Requests for wrk, made from the files in the folder that is its argument.
-- In a template @N@ is a number that is used once in the whole run and @M@ a member drawn anew.

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local function lines_of(path)
  local found = {}
  for line in io.lines(path) do
    found[#found + 1] = line
  end
  return found
end

function init(arguments)
  local folder = arguments[1]
  templates = lines_of(folder .. "/templates.txt")
  members = lines_of(folder .. "/members.txt")
  tokens = lines_of(folder .. "/tokens.txt")
  run = lines_of(folder .. "/run.txt")[1]
  path = lines_of(folder .. "/path.txt")[1]
  count = 0
  math.randomseed(number * 7919 + #run)
end

local function replacement(what)
  if what == "N" then
    count = count + 1
    return run .. "-" .. number .. "-" .. count
  end
  return members[math.random(#members)]
end

function request()
  count = count + 1
  local body = templates[count % #templates + 1]:gsub("@([NM])@", replacement)
  local headers = {
    ["Authorization"] = "Bearer " .. tokens[math.random(#tokens)],
    ["Content-Type"] = "application/json",
    ["Idempotency-Key"] = run .. "-" .. number .. "-" .. count,
  }
  return wrk.format("POST", path, headers, body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "RESULT {\"requests\": %d, \"seconds\": %.3f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, \"failed\": %d}\n",
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
