-- How many messages of announcements were handed to each channel that has a budget, by the day in UTC.
CREATE TABLE announcement_spending (
    day     date    NOT NULL,
    channel text    NOT NULL,
    spent   integer NOT NULL,
    CONSTRAINT one_count_a_day PRIMARY KEY (day, channel),
    CONSTRAINT spent_by_ones CHECK (spent > 0)
);
