package web

import (
	"fmt"
	"strings"

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
