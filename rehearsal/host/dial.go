package host

import (
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// The program's first thread is never used for anything but main: it stands for
// the whole process in /proc and cannot end, so that one visit to a network would
// leave the process there for good, and be killed with what is left in it.
func init() { runtime.LockOSThread() }

// Dial opens a TCP connection from within the network, to an address and port in
// numbers.
func (n *Network) Dial(address string) (net.Conn, error) {
	var conn net.Conn
	err := within(n.path(), func() (err error) {
		conn, err = net.Dial("tcp", address)
		return err
	})
	return conn, err
}

// within does something in the network of a file such as /run/netns/NAME. A
// socket belongs to the network of the thread that makes it; the thread is not
// used for anything else afterwards.
func within(path string, do func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		err := enter(path)
		if err == nil {
			err = do()
		}
		done <- err
	}()
	return <-done
}

// enter moves the thread that it is called on.
func enter(path string) error {
	network, err := os.Open(path)
	if err != nil {
		return err
	}
	defer network.Close()
	return os.NewSyscallError("setns", unix.Setns(int(network.Fd()), unix.CLONE_NEWNET))
}
