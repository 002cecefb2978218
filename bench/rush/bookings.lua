-- What does each request of the rush say? Each is another person's, and when everybody has booked
-- the first dose, they come for the second, then under the next campaign.
-- Arguments: the files of people, of what there is to choose from, and of campaigns, the run's name, the
-- longest pause of a connection between two requests in milliseconds, and how many doses one booking
-- takes. A line of people is a token and, after it, the ids of those who come with them; a line of choices is
-- the slots of one booking. A run without a name only shows the tokens: who gives no Idempotency-Key
-- is sent away once it is known who asks.

local DOSES = 4
local people, choices, campaigns, run, taken
local nth = 0
local head, middle

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do
    local words = {}
    for word in line:gmatch("%S+") do words[#words + 1] = word end
    lines[#lines + 1] = words
  end
  return lines
end

local function place_of(slot, dose, who)
  local whose = who and ',"patient_id":"' .. who .. '"' or ""
  return '{"slot_id":"' .. slot .. '","dose":' .. dose .. whose .. "}"
end

local function body_of(slots, person, pass, campaign)
  local places = place_of(slots[1], pass * taken + 1)
  for n = 2, #slots do
    places = places .. "," .. place_of(slots[n], pass * taken + (taken > 1 and n or 1), person[n])
  end
  return '{"places":[' .. places .. '],"campaign_id":"' .. campaign .. '"}'
end

function init(args)
  people, choices, campaigns = lines_of(args[1]), lines_of(args[2]), lines_of(args[3])
  run = args[4]
  local pause_max = tonumber(args[5])
  taken = tonumber(args[6])
  -- Every id has the same length, so every body has.
  local length = #body_of(choices[1], people[1], 0, campaigns[1][1])
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
  local person = nth % #people
  local round = (nth - person) / #people
  local passes = DOSES / taken
  local pass = round % passes
  local campaign = campaigns[(round - pass) / passes % #campaigns + 1][1]
  nth = nth + 1
  local who = people[person + 1]
  return head .. who[1] .. middle .. nth .. "\r\n\r\n"
    .. body_of(choices[math.random(#choices)], who, pass, campaign)
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
