-- M13, M14: a usable book has both sides, best first, and no bid at or above an ask; prices and sizes come in pairs.
SELECT venue, market, unix_s
FROM mart_book_moments
WHERE len(bid_prices) = 0 OR len(ask_prices) = 0 OR bid_prices[1] >= ask_prices[1] OR len(bid_prices) <> len(bid_sizes)
    OR len(ask_prices) <> len(ask_sizes) OR bid_prices[1] < bid_prices[-1] OR ask_prices[1] > ask_prices[-1]
