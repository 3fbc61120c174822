"""Files for what stands around a service, to begin with: `park serve --sample NAME` prints one."""
