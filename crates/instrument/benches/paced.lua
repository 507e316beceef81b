-- Customers who pause between two requests, each for a time of their own: the server is busy, but not saturated.
local longest = tonumber(os.getenv("LONGEST_PAUSE_MS"))

function delay()
  return math.random(0, longest)
end
