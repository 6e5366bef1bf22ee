package web

import (
	"fmt"
	"strings"
	"time"

	"lanyard/internal/store"
)

// counted is a number with its noun: "1 person", "2,000 connections". What the store stops counting is "more than" that.
func counted(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case noun == "person":
		return number(n) + " people"
	}
	return number(n) + " " + noun + "s"
}

// number is a count as the store gives it.
func number(n int) string {
	if n > store.CountedUpTo {
		return "more than " + thousands(store.CountedUpTo)
	}
	return thousands(n)
}

// thousands writes a number with a comma where people look for one.
func thousands[N int | int64](n N) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// capital makes words the beginning of a sentence.
func capital(text string) string { return strings.TrimSuffix(sentence(text), ".") }

// took is how long a call took; zero is no call.
func took(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < time.Millisecond:
		return "<1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f min", d.Minutes())
}

// size is a number of bytes in a unit that can be read.
func size(n int64) string {
	const unit = 1024
	switch {
	case n == 1:
		return "1 byte"
	case n < unit:
		return fmt.Sprintf("%d bytes", n)
	}
	v, units := float64(n)/unit, "KiB MiB GiB TiB PiB EiB"
	for v >= unit {
		v /= unit
		_, units, _ = strings.Cut(units, " ")
	}
	name, _, _ := strings.Cut(units, " ")
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + " " + name
}
