ALTER TABLE `notes` ADD `due_at` integer;--> statement-breakpoint
ALTER TABLE `notes` ADD `is_done` integer DEFAULT false NOT NULL;