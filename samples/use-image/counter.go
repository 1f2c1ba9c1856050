// Package counter counts from many goroutines at once.
package counter

import "sync"

// Counter is ready for use as it is.
type Counter struct {
	lock  sync.Mutex
	value int
}

// Add adds n and returns the new value.
func (c *Counter) Add(n int) int {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.value += n
	return c.value
}
