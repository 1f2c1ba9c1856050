#!/bin/sh
echo "hello from an image that was built $1"
