CREATE TABLE `avatars` (
	`user_id` text PRIMARY KEY NOT NULL,
	`file_id` text NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`file_id`) REFERENCES `files`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `avatars_file` ON `avatars` (`file_id`);--> statement-breakpoint
CREATE TABLE `files` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text,
	`name` text NOT NULL,
	`size` integer NOT NULL,
	`type` text,
	`sha256` text,
	`state` text NOT NULL,
	`attempt` integer NOT NULL,
	`claimed_at` integer,
	`sweep_at` integer,
	`created_at` integer NOT NULL,
	`stored_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE INDEX `files_user` ON `files` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `files_sweep` ON `files` (`sweep_at`);