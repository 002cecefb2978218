-- What does each request of the rush say? Each is another person's, and when everybody has booked
-- the first dose, they come for the second, then under the next campaign.
-- Arguments: the files of tokens, slots and campaigns, the run's name, and the longest pause of a
-- connection between two requests in milliseconds. A run without a name only shows the tokens: who
-- gives no Idempotency-Key is sent away once it is known who asks.

local DOSES = 4
local tokens, slots, campaigns, run
local nth = 0
local head, middle

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

function init(args)
  tokens, slots, campaigns = lines_of(args[1]), lines_of(args[2]), lines_of(args[3])
  run = args[4]
  local pause_max = tonumber(args[5])
  -- Every id has the same length, so every body has.
  local length = #'{"places":[{"slot_id":"","dose":1}],"campaign_id":""}' + #slots[1] + #campaigns[1]
  head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
    .. "\r\nContent-Type: application/json\r\nContent-Length: " .. length
    .. "\r\nAuthorization: Bearer "
  middle = run == "" and "\r\nX-Nothing: " or "\r\nIdempotency-Key: " .. run .. "-"
  math.randomseed(os.time())
  if pause_max > 0 then
    delay = function() return math.random(0, pause_max) end
  end
end

function request()
  local person = nth % #tokens
  local pass = (nth - person) / #tokens
  local dose = pass % DOSES
  local campaign = campaigns[(pass - dose) / DOSES % #campaigns + 1]
  nth = nth + 1
  return head .. tokens[person + 1] .. middle .. nth
    .. '\r\n\r\n{"places":[{"slot_id":"' .. slots[math.random(#slots)] .. '","dose":' .. dose + 1
    .. '}],"campaign_id":"' .. campaign .. '"}'
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'SUMMARY {"answered":%d,"seconds":%.6f,"failed":%d,"broken":%d,"p50_ms":%.3f,"p99_ms":%.3f,'
      .. '"max_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
