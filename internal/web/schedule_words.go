package web

import (
	"fmt"
	"strconv"
	"strings"

	"lanyard"
)

// scheduleWords says when a function runs by itself: "At 09:00 from Monday to Friday". What has no short words is shown as
// the five fields that it was typed as.
func scheduleWords(s lanyard.Schedule) string {
	words := cronWords(s.Cron)
	if s.Zone != "" && s.Zone != "UTC" {
		return words + ", " + s.Zone
	}
	return words + ", UTC"
}

func cronWords(cron string) string {
	f := strings.Fields(cron)
	if len(f) != 5 {
		return cron
	}
	minute, hour, day, month, weekday := f[0], f[1], f[2], f[3], f[4]
	if month != "*" {
		return cron
	}
	when, ok := timeWords(minute, hour)
	if !ok {
		return cron
	}
	clock := !strings.HasPrefix(when, "Every")
	switch {
	case day == "*" && weekday == "*":
		if clock && hour != "*" {
			return when + " every day"
		}
		return when
	case day == "*":
		if days, ok := weekdayWords(weekday); ok {
			return when + " " + days
		}
	case weekday == "*":
		if n, ok := within(day, 1, 31); ok {
			return fmt.Sprintf("%s on day %d of each month", when, n)
		}
	}
	return cron
}

// timeWords puts minute and hour into words.
func timeWords(minute, hour string) (string, bool) {
	if hour == "*" {
		if minute == "*" {
			return "Every minute", true
		}
		if step, ok := strings.CutPrefix(minute, "*/"); ok {
			if n, ok := within(step, 1, 59); ok {
				return "Every " + counted(n, "minute"), true
			}
			return "", false
		}
		if n, ok := within(minute, 0, 59); ok {
			return fmt.Sprintf("At minute %d of each hour", n), true
		}
		return "", false
	}
	m, ok := within(minute, 0, 59)
	if !ok {
		return "", false
	}
	if step, ok := strings.CutPrefix(hour, "*/"); ok {
		n, ok := within(step, 1, 23)
		if !ok {
			return "", false
		}
		if m == 0 {
			return "Every " + counted(n, "hour"), true
		}
		return fmt.Sprintf("Every %s, at minute %d", counted(n, "hour"), m), true
	}
	h, ok := within(hour, 0, 23)
	return fmt.Sprintf("At %02d:%02d", h, m), ok
}

var weekdayNames = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}

// weekdayWords puts days of the week into words: one, a range, or several with commas between.
func weekdayWords(field string) (string, bool) {
	if from, to, ok := strings.Cut(field, "-"); ok {
		first, ok1 := weekdayOf(from)
		last, ok2 := weekdayOf(to)
		return "from " + first + " to " + last, ok1 && ok2
	}
	var names []string
	for _, one := range strings.Split(field, ",") {
		name, ok := weekdayOf(one)
		if !ok {
			return "", false
		}
		names = append(names, name)
	}
	if n := len(names); n > 1 {
		return "on " + strings.Join(names[:n-1], ", ") + " and " + names[n-1], true
	}
	return "on " + names[0], true
}

func weekdayOf(text string) (string, bool) {
	if n, ok := within(text, 0, 6); ok {
		return weekdayNames[n], true
	}
	for _, name := range weekdayNames {
		if len(text) == 3 && strings.EqualFold(name[:3], text) {
			return name, true
		}
	}
	return "", false
}

// within reads a number of a field.
func within(text string, least, most int) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= least && n <= most
}
